<?php
// The web server asks for a password of its own before wp-login.php and wp-admin, and nowhere else.
add_action( 'init', function () {
	$script = $_SERVER['SCRIPT_NAME'] ?? '';
	if ( str_ends_with( $script, 'wp-login.php' ) || ( is_admin() && ! wp_doing_ajax() ) ) {
		status_header( 401 );
		header( 'WWW-Authenticate: Basic realm="Staff only"' );
		exit( '<!doctype html><title>Unauthorized</title>' );
	}
}, 0 );
