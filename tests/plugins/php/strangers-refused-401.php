<?php
// Token plugins: REST answers strangers 401 in JSON without a code of WordPress.
add_filter( 'rest_pre_serve_request', function ( $served, $result, $request ) {
	if ( is_user_logged_in() || '/' === $request->get_route() ) {
		return $served;
	}
	status_header( 401 );
	echo '{"success":false,"data":{"message":"Token missing","errorCode":31}}';
	return true;
}, 10, 3 );
