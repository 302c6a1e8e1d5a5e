<?php
// Membership plugins: strangers sign in on a page of the site's own.
add_action( 'init', function () {
	if ( str_ends_with( $_SERVER['SCRIPT_NAME'] ?? '', 'wp-login.php' ) && 'GET' === $_SERVER['REQUEST_METHOD'] && empty( $_GET['action'] ) ) {
		wp_safe_redirect( home_url( '/?members=1' ) );
		exit;
	}
	if ( isset( $_GET['members'] ) ) {
		exit( '<!doctype html><title>Members</title><form method="post"><input name="log"><input type="password" name="pwd"></form>' );
	}
}, 0 );
