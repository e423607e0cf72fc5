# Prepares the machine, .venv and the release build for ./demo and ./check; sourced by both from the repository root.
# Everything is skipped when it is already there: the second run neither installs nor configures anything.

gradus_log=build/setup.log
gradus_python=.venv/bin/python

# Runs a step with its output in the log; shows the end of the log if the step fails.
gradus_step() {
  gradus_title=$1
  shift
  [ -t 1 ] && printf '%s ...' "$gradus_title"
  printf '\n== %s: %s\n' "$gradus_title" "$*" >>"$gradus_log"
  gradus_mark=$(wc -l <"$gradus_log")
  gradus_code=0
  "$@" >>"$gradus_log" 2>&1 </dev/null || gradus_code=1
  [ -t 1 ] && printf '\r\033[K'
  [ "$gradus_code" -eq 0 ] && return 0
  echo "failed: $gradus_title (all output in $gradus_log)" >&2
  tail -n "+$((gradus_mark + 1))" "$gradus_log" | tail -n 40 >&2
  return 1
}

# The Debian packages whose files are not there.
gradus_missing_packages() {
  command -v g++ >/dev/null || echo g++
  command -v ninja >/dev/null || echo ninja-build
  command -v git >/dev/null || echo git
  # "cmake version 3.25.1" or newer
  cmake --version 2>/dev/null | awk 'NR == 1 { split($3, v, "."); ok = v[1] > 3 || (v[1] == 3 && v[2] >= 25) }
    END { exit !ok }' || echo cmake
  [ -f /usr/include/gtest/gtest.h ] || [ -f /usr/local/include/gtest/gtest.h ] || echo libgtest-dev
  gradus_interpreter=$gradus_python
  if [ ! -x "$gradus_python" ]; then
    python3 -c 'import ensurepip, venv' 2>/dev/null || echo python3-venv
    gradus_interpreter=python3
  fi
  "$gradus_interpreter" -c 'import os, sysconfig; os.stat(os.path.join(sysconfig.get_path("include"), "Python.h"))' 2>/dev/null ||
    echo python3-dev
}

gradus_system() {
  gradus_packages=$(gradus_missing_packages | tr '\n' ' ')
  [ -n "$gradus_packages" ] || return 0
  # Useful, not required: a missing one alone is no reason to install anything.
  for gradus_extra in ccache libbenchmark-dev; do
    dpkg -s "$gradus_extra" >/dev/null 2>&1 || gradus_packages="$gradus_packages$gradus_extra "
  done
  gradus_install="apt-get install -y --no-install-recommends $gradus_packages"
  if ! command -v apt-get >/dev/null; then
    echo "missing (names of the Debian packages): $gradus_packages" >&2
    return 1
  fi
  gradus_root=
  if [ "$(id -u)" -ne 0 ]; then
    if ! sudo -n true 2>/dev/null; then
      echo "some packages are missing; run this line, then start again:" >&2
      echo "  sudo apt-get update && sudo $gradus_install" >&2
      return 1
    fi
    gradus_root="sudo -n"
  fi
  echo "installing: $gradus_packages"
  gradus_step "package lists" $gradus_root apt-get update &&
    gradus_step "packages" $gradus_root env DEBIAN_FRONTEND=noninteractive $gradus_install
}

# Installs a requirements file into .venv unless its content is what was installed last.
gradus_requirements() {
  gradus_stamp=.venv/$(basename "$1").stamp
  gradus_sum=$(cksum <"$1")
  [ "$(cat "$gradus_stamp" 2>/dev/null)" = "$gradus_sum" ] && return 0
  echo "installing the Python packages of $1"
  gradus_step "Python packages" "$gradus_python" -m pip install --disable-pip-version-check -r "$1" || return 1
  echo "$gradus_sum" >"$gradus_stamp"
}

gradus_venv() {
  if [ ! -x "$gradus_python" ]; then
    echo "creating .venv"
    gradus_step ".venv" python3 -m venv .venv || return 1
  fi
  gradus_requirements tools/requirements.txt || return 1
  # The package is used where it lies: the build puts its compiled part into python/gradus.
  gradus_site=$("$gradus_python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))') || return 1
  [ "$(cat "$gradus_site/gradus-tree.pth" 2>/dev/null)" = "$PWD/python" ] ||
    echo "$PWD/python" >"$gradus_site/gradus-tree.pth"
}

# PyTorch's CPU build where pip finds one, else the general build.
gradus_torch() {
  "$gradus_python" -c 'import torch, expecttest; assert torch.__version__.startswith("2.13.0")' 2>/dev/null && return 0
  echo "installing PyTorch (the oracle)"
  gradus_step "PyTorch" "$gradus_python" -m pip install --disable-pip-version-check \
    "torch==2.13.0+cpu" -r tools/requirements-torch.txt >/dev/null 2>&1 && return 0
  gradus_step "PyTorch" "$gradus_python" -m pip install --disable-pip-version-check \
    "torch==2.13.0" -r tools/requirements-torch.txt
}

# Configures (once) and builds a preset. Usage: gradus_build PRESET [CMake options]
gradus_build() {
  gradus_dir=build/$1
  gradus_preset=$1
  gradus_sum="$PWD $* $(cksum <CMakePresets.json)"
  if [ ! -f "$gradus_dir/build.ninja" ] || [ "$(cat "$gradus_dir/options.stamp" 2>/dev/null)" != "$gradus_sum" ]; then
    echo "configuring and building $gradus_dir (the first time takes minutes)"
    shift
    gradus_step "configuration" cmake --preset "$gradus_preset" "$@" || return 1
    echo "$gradus_sum" >"$gradus_dir/options.stamp"
  fi
  gradus_step "build of $gradus_preset" cmake --build "$gradus_dir" -j "$(nproc)"
}

gradus_setup() {
  mkdir -p build out
  : >"$gradus_log"
  gradus_system && gradus_venv && gradus_build release -DGRADUS_PYTHON=ON \
    "-DPython_EXECUTABLE=$PWD/$gradus_python" "-DPython3_EXECUTABLE=$PWD/$gradus_python"
}
