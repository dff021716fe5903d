#!/usr/bin/env bash
# Generates the Python code and its type stubs beside the .proto files.
#
#   protos/generate.sh           write the generated code
#   protos/generate.sh --check   fail if the generated code is not what the .proto files give
#
# PYTHON names an interpreter that has grpcio-tools and mypy-protobuf (`make proto` passes the virtual environment's).
set -euo pipefail

protos=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-python3}
[[ $python != */* ]] || python=$(cd "$(dirname "$python")" && pwd)/$(basename "$python")
bin=$("$python" -c 'import sysconfig; print(sysconfig.get_path("scripts"))')

cd "$protos"
# In byte order, so that what is generated does not depend on the locale.
mapfile -t sources < <(LC_ALL=C; export LC_ALL; printf '%s\n' coalition/*/*.proto | sort)
[[ -f ${sources[0]} ]] || { echo "generate: no .proto file under $protos/coalition" >&2; exit 1; }

out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
"$python" -m grpc_tools.protoc -I . \
  --plugin="protoc-gen-mypy=$bin/protoc-gen-mypy" \
  --plugin="protoc-gen-mypy_grpc=$bin/protoc-gen-mypy_grpc" \
  --python_out="$out" --grpc_python_out="$out" --mypy_out="quiet:$out" --mypy_grpc_out="quiet:$out" \
  "${sources[@]}"

cd "$out"
# A file without services has no servicers or stubs to import.
find . -name '*_pb2_grpc.py' | while read -r file; do
  grep -q '^class ' "$file" || rm "$file" "${file}i"
done

generated() { (cd "$1" && find . -name '*_pb2*.py*' -not -path '*/__pycache__/*' | LC_ALL=C sort); }

if [[ ${1:-} == --check ]]; then
  stale=0
  while read -r file; do
    if ! cmp -s "$out/$file" "$protos/$file"; then
      echo "generate: protos/${file#./} is not what the .proto files give; run 'make proto'" >&2
      stale=1
    fi
  done < <({ generated "$out"; generated "$protos"; } | LC_ALL=C sort -u)
  exit "$stale"
fi

while read -r file; do
  [[ -f $out/$file ]] || rm "$protos/$file"
done < <(generated "$protos")
while read -r file; do
  # Unchanged files keep their time, and whoever watches them is not disturbed.
  cmp -s "$out/$file" "$protos/$file" || install -D -m 644 "$out/$file" "$protos/$file"
done < <(generated "$out")
echo "generate: ${#sources[@]} .proto files, $(generated "$out" | wc -l) generated files"
