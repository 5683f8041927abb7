module github.com/clickedge/clickedge/bench

go 1.26.0

toolchain go1.26.8

require (
	github.com/clickedge/clickedge v0.0.0
	github.com/fastly/compute-sdk-go v1.9.0
	github.com/stretchr/testify v1.12.1
	github.com/tetratelabs/wazero v1.12.0
)

require (
	github.com/pelletier/go-toml/v2 v2.4.3 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/sys v0.49.0 // indirect
)

replace github.com/clickedge/clickedge => ..
