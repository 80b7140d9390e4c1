# For the scripts beside it, which source it in the root of the repository: sets program to what ./compeer runs, built if need be, or COMPEER_BIN.
./compeer --version >/dev/null
program=$PWD/artifacts/bin/Compeer.Cli/native/compeer
[ -f "$program" ] || program=$PWD/artifacts/bin/Compeer.Cli/release/compeer
program=${COMPEER_BIN:-$program}
