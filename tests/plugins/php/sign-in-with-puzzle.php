<?php
// A captcha on the sign-in form: who does not solve it is refused.
add_action( 'login_form', fn() => print '<div class="g-recaptcha"></div>' );
add_filter( 'wp_authenticate_user', fn( $user ) => new WP_Error( 'puzzle', 'Solve the puzzle.' ) );
