module github.com/clickedge/clickedge/deploy/packaging

go 1.26.0

toolchain go1.26.8

replace github.com/clickedge/clickedge => ../..

require github.com/stretchr/testify v1.12.1

require go.yaml.in/yaml/v3 v3.0.5 // indirect
