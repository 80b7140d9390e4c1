# For the scripts beside it, which source it in the root of the repository: sets program to what ./compeer runs. Build with -p:CompileExact=true,
# or by ./compeer or ./test, to have the one that is compiled together with the framework.
program=$PWD/artifacts/bin/Compeer.Cli/exact/compeer.dll
[ -f "$program" ] || program=$PWD/artifacts/bin/Compeer.Cli/release/compeer.dll
