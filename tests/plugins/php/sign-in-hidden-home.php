<?php
// Renamed sign-in: the usual page, and the admin for strangers, lead to the front page.
add_action( 'init', function () {
	$is_login = str_ends_with( $_SERVER['SCRIPT_NAME'] ?? '', 'wp-login.php' ) && ! isset( $_GET['hidden-door'] );
	if ( $is_login || ( is_admin() && ! is_user_logged_in() && ! wp_doing_ajax() ) ) {
		wp_safe_redirect( home_url( '/' ) );
		exit;
	}
}, 0 );
