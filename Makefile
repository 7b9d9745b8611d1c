# Short names for the usual commands; each is one line of cargo.

.PHONY: build test demo lint bench clean

build:  ## the program: target/release/churn
	cargo build --release --locked

test:  ## every test
	cargo test --release --locked

demo:  ## the main job on a simulated population, below churn-demo/
	cargo run --release --locked -- demo

lint:  ## formatting and lints, as CI demands them
	cargo fmt --check
	cargo clippy --release --locked --all-targets -- -D warnings

bench:  ## times and memory; see benches/
	benches/run.sh

clean:  ## what builds and demos leave behind
	cargo clean
	rm -rf churn-demo
