<?php
// Renamed sign-in: the usual page, and the admin for strangers, answer 403.
add_action( 'init', function () {
	$script   = $_SERVER['SCRIPT_NAME'] ?? '';
	$is_login = str_ends_with( $script, 'wp-login.php' ) && ! isset( $_GET['hidden-door'] );
	if ( $is_login || ( is_admin() && ! is_user_logged_in() && ! wp_doing_ajax() ) ) {
		status_header( 403 );
		exit( '<!doctype html><title>Forbidden</title><p>Forbidden' );
	}
}, 0 );
