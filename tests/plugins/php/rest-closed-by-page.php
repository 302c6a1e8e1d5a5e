<?php
// REST ends in WordPress' own error page, with 403, for whoever has no cookie.
add_action( 'rest_api_init', function () {
	if ( ! wp_validate_auth_cookie() ) {
		wp_die( 'The API is closed.', 'Closed', array( 'response' => 403 ) );
	}
}, 0 );
