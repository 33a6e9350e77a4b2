#!/bin/sh
# Removes from a folder of installed packages what nothing imports at run time.
#
#   strip-dependencies.sh FOLDER
#
# An image is loaded lazily, in chunks: what is never read costs no start, but it costs build, push and storage.
# Python sources stay: tracebacks quote them, and torch reads some of its own.
set -eu

[ -d "$1/torch" ] || { echo "strip-dependencies.sh: no torch in $1" >&2; exit 2; }
cd "$1"

# Commands, and what torch ships for C++ extensions and for its own tests.
rm -rf bin share isympy.py torch/include torch/share torch/test
find torch/bin -type f ! -name torch_shm_manager -delete # `import torch` looks for this one
rm -f torch/lib/*.a torch/lib/libtorchbind_test.so torch/lib/libjitbackend_test.so torch/lib/libbackend_with_compiler.so \
      torch/lib/libaoti_custom_ops.so

# A test of torch's that is no Python before 3.12, and so could not be compiled. Its neighbours `import torch` reads.
rm -f torch/testing/_internal/py312_intrinsics.py

# Type stubs, C sources and headers, and the tests of packages that ship theirs.
find . -name '*.pyi' -delete
find . \( -name '*.h' -o -name '*.hpp' -o -name '*.cu' -o -name '*.c' -o -name '*.cpp' -o -name '*.pyx' -o -name '*.pxd' \) \
       -type f -delete
rm -rf numpy/tests numpy/*/tests numpy/f2py sympy/*/tests sympy/*/*/tests mpmath/tests
