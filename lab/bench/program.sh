# For the scripts beside it, which source it in the root of the repository: sets program to what ./compeer runs. Build with -p:CompileExact=true,
# or by ./compeer, to have the one that is compiled together with the framework; one that is older than the general output is not taken.
program=$PWD/artifacts/bin/Compeer.Cli/release/compeer.dll
exact=$PWD/artifacts/bin/Compeer.Cli/exact
if [ -f "$exact/frameworks" ] && [ -z "$(find "${program%/*}" -name '*.dll' -newer "$exact/frameworks" -print -quit)" ]; then
    program=$exact/compeer.dll
fi
