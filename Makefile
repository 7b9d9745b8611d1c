# Short names for the usual commands; each is a line or two.

.PHONY: build test demo wheel lint bench clean

build:  ## the program: target/release/churn
	cargo build --release --locked

test:  ## every test
	cargo test --release --locked

demo:  ## the main job on a simulated population, below churn-demo/
	cargo run --release --locked -- demo

wheel:  ## the Python package with the program in it, in dist/; see docs/python.md
	rm -rf dist
	maturin build --release --compatibility manylinux_2_28 --out dist -- -C linker=python/zig-linker

lint:  ## formatting and lints, as CI demands them
	cargo fmt --check
	cargo clippy --release --locked --all-targets -- -D warnings

bench:  ## times and memory; see benches/
	benches/run.sh

clean:  ## what builds and demos leave behind
	cargo clean
	rm -rf churn-demo dist
