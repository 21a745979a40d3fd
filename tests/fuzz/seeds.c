// Under libFuzzer: puts the target's seeds into the corpus, the first directory named, before it is read.
#include "fuzz.h"
#include <stdio.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);

static void write_seed(const char *dir, size_t i)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/seed-%zu", dir, i);
    FILE *f = fopen(path, "wb");
    if (f == NULL)
        return; // a file was named, to replay it
    fwrite(fuzz_seeds[i].ptr, 1, fuzz_seeds[i].len, f);
    fclose(f);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *dir = NULL;
    for (int i = 1; i < *argc && dir == NULL; i++)
        dir = (*argv)[i][0] != '-' ? (*argv)[i] : NULL;
    for (size_t i = 0; dir != NULL && &fuzz_seeds_len != NULL && i < fuzz_seeds_len; i++)
        write_seed(dir, i);
    return 0;
}
