<?php
// The index of REST is closed to all callers; its routes work with a key.
add_filter( 'rest_pre_dispatch', function ( $result, $server, $request ) {
	$is_index = '/' === $request->get_route();
	return $is_index ? new WP_Error( 'rest_forbidden', 'No index.', array( 'status' => 403 ) ) : $result;
}, 10, 3 );
