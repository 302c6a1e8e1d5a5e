<?php
// Token plugins that protect every route: strangers get 401 in JSON without a code, the index included.
add_filter( 'rest_pre_serve_request', function ( $served ) {
	if ( is_user_logged_in() ) {
		return $served;
	}
	status_header( 401 );
	echo '{"success":false,"data":{"message":"You are not authorized.","error_code":75}}';
	return true;
} );
