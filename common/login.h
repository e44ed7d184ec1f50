/* common/login.h - who sits at the keyboard
 */
#pragma once

/* The login name of the user this process belongs to, else "uid N".  Good until the
 * next call. */
const char *login_name(void);
