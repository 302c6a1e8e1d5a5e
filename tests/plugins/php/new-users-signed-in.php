<?php
// Registration plugins: a new user is signed in by cookie at once, whoever made it.
add_action( 'user_register', function ( $id ) {
	wp_set_current_user( $id );
	wp_set_auth_cookie( $id );
} );
