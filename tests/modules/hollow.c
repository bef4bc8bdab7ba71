/* hollow.c -- a library that is no native service: it has no hollow_init. */
int hollow_create(void) { return 1; }
