#!/usr/bin/env bash
# Fetches the 60,000 training images of Fashion-MNIST (30 MB) from the Debian package `dataset-fashion-mnist` into examples/data/full/.
set -euo pipefail
cd "$(dirname "$0")/.."

target=examples/data/full
for tool in apt-get dpkg-deb sha256sum; do
  command -v "$tool" >/dev/null || { echo "data:full needs $tool (Debian or Ubuntu); the demo runs without it" >&2; exit 1; }
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && apt-get download dataset-fashion-mnist)
dpkg-deb -x "$work"/dataset-fashion-mnist_*.deb "$work/package"

mkdir -p "$target"
cp "$work"/package/usr/share/datasets/fashion-mnist/train-*.gz "$target/"
(cd "$target" && sha256sum --check --strict - <<'SUMS'
b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7  train-images-idx3-ubyte.gz
0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056  train-labels-idx1-ubyte.gz
SUMS
)
echo "60,000 training images are in $target (licence: examples/data/LICENSE)"
