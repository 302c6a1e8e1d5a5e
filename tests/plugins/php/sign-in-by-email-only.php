<?php
// Sign-in by e-mail address only: WordPress' own switch.
remove_filter( 'authenticate', 'wp_authenticate_username_password', 20 );
