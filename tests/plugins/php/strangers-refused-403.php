<?php
// Private-site plugins: REST answers strangers 403 with a code of their own; the index stays open.
add_filter( 'rest_pre_dispatch', function ( $result, $server, $request ) {
	$is_open = is_user_logged_in() || '/' === $request->get_route();
	return $is_open ? $result : new WP_Error( 'private_site', 'Members only.', array( 'status' => 403 ) );
}, 10, 3 );
