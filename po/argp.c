/* Texts of argp, which belongs to the C library but looks them up in the
 * catalogue of the program.  For the translators only; not compiled. */
N_("Usage:")
N_("  or: ")
N_(" [OPTION...]")
N_("Try `%s --help' or `%s --usage' for more information.\n")
N_("Mandatory or optional arguments to long options are also mandatory or optional for any corresponding short options.")
N_("%s: Too many arguments\n")
