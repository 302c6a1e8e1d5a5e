<?php
// A question on the sign-in form, by a plugin that counts who does not answer it.
add_action( 'login_form', fn() => print '10 + 6 = <input type="input" name="sum" value="" size="2"><input type="hidden" name="sum_check" value="x">' );
add_filter( 'wp_authenticate_user', fn( $user ) => '16' === ( $_POST['sum'] ?? '' ) ? $user : new WP_Error( 'sum', 'Please add.' ) );
