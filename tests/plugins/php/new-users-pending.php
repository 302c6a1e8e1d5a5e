<?php
// New users wait for approval: their passwords do not sign them in yet; keys work.
add_action( 'user_register', fn ( $id ) => update_user_meta( $id, 'pending', 1 ) );
add_filter( 'wp_authenticate_user', function ( $user ) {
	$is_pending = $user instanceof WP_User && get_user_meta( $user->ID, 'pending', true );
	return $is_pending ? new WP_Error( 'pending_approval', 'Your account waits for approval.' ) : $user;
} );
