# Sourced by ./onefractal and ./test, with $root set: system packages, the SDK, one quiet build. Everything it says goes to stderr.
#
# ONEFRACTAL_DEVICE=cuda builds with (and runs on) the CUDA packages, several gigabytes, in artifacts/cuda; the default is cpu.

device=${ONEFRACTAL_DEVICE:-cpu}
artifacts=$root/artifacts
[[ $device == cpu ]] || artifacts=$root/artifacts/$device
export HOME=${HOME:-$(cd ~ && pwd)}
export PATH=$PATH:/usr/sbin:/sbin:${DOTNET_ROOT:-$HOME/.dotnet}
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1 TESTINGPLATFORM_TELEMETRY_OPTOUT=1
no_sdk="needs the .NET 10 SDK, and finds none here. Get it from https://dotnet.microsoft.com/download/dotnet/10.0"

say() { printf '%s\n' "$*" >&2; }
fail() { say "onefractal: $*"; exit 1; }

case $device in cpu | cuda) ;; *) fail "ONEFRACTAL_DEVICE is '$device': use cpu or cuda." ;; esac

# What OpenCvSharp's library for Linux asks of the system.
opencv_packages="libgtk-3-0 libdrm2 libatomic1"

has_library() { [[ $(uname) != Linux || $(ldconfig -p 2>/dev/null) == *"$1"* ]]; }

# Whether the system has what a Debian package of that name would bring.
have() {
    case $1 in
        libgtk-3-0) has_library libgtk-3.so.0 ;;
        libdrm2) has_library libdrm.so.2 ;;
        libatomic1) has_library libatomic.so.1 ;;
        dataset-fashion-mnist) [[ -e /usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz ]] ;;
        libonnx-testdata) [[ -d /usr/share/libonnx-testdata/data/node ]] ;;
        chromium) command -v chromium >/dev/null ;;
        python3-onnx) [[ -e /usr/lib/python3/dist-packages/onnx/checker.py ]] ;;
        nodejs) command -v node >/dev/null ;;
        npm) command -v npm >/dev/null ;;
    esac
}

apt() {
    local run=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300)
    if ((EUID != 0)); then
        # Ask for a password only where somebody can type it.
        if [[ -t 0 ]]; then run=(sudo "${run[@]}"); else run=(sudo -n "${run[@]}"); fi
    fi
    # A broken third-party list must not stop us: the install below says whether the package can be had.
    "${run[@]}" update >"$artifacts/apt.log" 2>&1 || true
    "${run[@]}" install -y --no-install-recommends "$@" >>"$artifacts/apt.log" 2>&1 || { grep '^E:' "$artifacts/apt.log" >&2; return 1; }
}

# One set-up at a time: others wait, and find the work done. For a subshell, whose end releases the lock; what it starts gets
# 9>&-, because a process left behind must not keep the lock.
lock() {
    mkdir -p "$artifacts" && { exec 9>"$artifacts/setup.lock"; } 2>/dev/null || fail "cannot write to $artifacts, where the build goes."
    command -v flock >/dev/null || return 0
    flock -n 9 || { say "Waiting for another set-up to finish ..." && flock 9; }
}

# Installs the Debian packages named that are missing. A failure is told, not fatal: the verb may not need them.
need() {
    local package missing=()
    for package; do have "$package" || missing+=("$package"); done
    ((${#missing[@]})) || return 0
    if command -v apt-get >/dev/null; then
        say "Installing ${missing[*]} with apt-get ..."
        (lock && apt "${missing[@]}" 9>&-) && return 0
        say "onefractal: could not install ${missing[*]}. Run: sudo apt-get install ${missing[*]}"
    else
        say "onefractal: missing ${missing[*]} (Debian package names). There is no apt-get here: install the same with your system's package manager."
    fi
    say "onefractal: going on without; what needs it will fail."
}

# fresh DLL SOURCE...: the DLL is built and its stamp newer than every source; folders count, so that a deleted file is noticed.
fresh() {
    local dll=$1
    shift
    [[ -e $dll && -e $dll.stamp && -z $(cd "$root" && find "$@" -newer "$dll.stamp" -print -quit) ]]
}

# build PROJECT DLL SOURCE...: builds the project unless it is up to date.
build() {
    local project=$1 dll=$2
    shift 2
    command -v dotnet >/dev/null || fail "$no_sdk"
    set -- Common Export Data Training Inference Evaluation Cli build \
        Directory.Build.props Directory.Build.targets Directory.Packages.props global.json "$@"
    fresh "$dll" "$@" || (
        lock
        fresh "$dll" "$@" && exit 0
        [[ $(cd "$root" && dotnet --version 2>/dev/null) == 10.* ]] || fail "$no_sdk"
        if [[ -e $dll ]]; then say "Building ..."; else say "Building for the first time, which takes a few minutes ..."; fi
        # The stamp carries the time before the build, so that a file saved meanwhile is noticed next time.
        rm -f "$dll.stamp" && touch "$artifacts/before-build"
        (cd "$root" && dotnet build "$project" -c Release -p:Device="$device" --nologo -v quiet --disable-build-servers) \
            </dev/null >"$artifacts/build.log" 2>&1 9>&- || {
            # The build says each error twice.
            grep -E ' error ' "$artifacts/build.log" | sort -u >&2 || cat "$artifacts/build.log" >&2
            fail "the build failed; the whole story is in $artifacts/build.log"
        }
        mv "$artifacts/before-build" "$dll.stamp"
    ) || exit 1
}
