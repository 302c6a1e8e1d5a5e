<?php
// As "sign-in-behind-password", for wp-admin alone, and with Digest.
add_action( 'init', function () {
	if ( is_admin() && ! wp_doing_ajax() ) {
		status_header( 401 );
		header( 'WWW-Authenticate: Digest realm="Staff", nonce="1"' );
		exit( '<!doctype html><title>Unauthorized</title>' );
	}
}, 0 );
