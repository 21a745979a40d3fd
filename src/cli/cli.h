// The command line: one binary, one verb per task. `palmetto VERB [flags]`.
#ifndef CLI_CLI_H
#define CLI_CLI_H

// Runs the command line and returns the exit status of the process: 0 success, 1 error.
int cli_main(int argc, char **argv);

#endif
