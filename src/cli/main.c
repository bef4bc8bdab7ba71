/* main.c -- skein CONFIG | skein FILE.lua [ARG...]: builds a node out of its parts and runs it. */
#include "cli/run.h"

int main(int argc, char **argv) { return sk_cli_main(argc, argv); }
