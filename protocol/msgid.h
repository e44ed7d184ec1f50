/* protocol/msgid.h - marks a text for the translators without translating it
 *
 * The pure library holds texts only as message ids; a program that shows one
 * passes it through gettext().
 */
#pragma once

#define N_(text) text
