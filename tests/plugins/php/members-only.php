<?php
// Members-only sites: every page sends strangers to sign in, and REST answers them 401.
add_action( 'template_redirect', function () {
	if ( ! is_user_logged_in() ) {
		wp_safe_redirect( wp_login_url( home_url( $_SERVER['REQUEST_URI'] ) ) );
		exit;
	}
}, 0 );
add_filter( 'rest_authentication_errors', function ( $result ) {
	$is_known = $result || is_user_logged_in();
	return $is_known ? $result : new WP_Error( 'rest_unauthorized', 'Members only.', array( 'status' => 401 ) );
}, 99 );
