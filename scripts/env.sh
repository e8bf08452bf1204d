# Source this from the project's root before Brownie, Slither or solhint: `. scripts/env.sh`.
# npm's tools (anvil, ganache, solhint) come into reach, and npm's solc where no native compiler is installed.
PATH="$PWD/node_modules/.bin:$PATH"
[ -x "${HOME:-/nonexistent}/.solcx/solc-v0.8.30" ] || export SOLCX_BINARY_PATH="$PWD/scripts/solc"
export PATH
