//go:build wasip1

package hostcall

import "unsafe"

// The imports of stores, logs and the runtime; see calls_guest.go.

//go:wasmimport fastly_config_store open
//go:noescape
func importConfigStoreOpen(name string, store *uint32) uint32

//go:wasmimport fastly_config_store get
//go:noescape
func importConfigStoreGet(store uint32, key string, p unsafe.Pointer, size uint32, n *uint32) uint32

//go:wasmimport fastly_backend exists
//go:noescape
func importBackendExists(name string, exists *uint32) uint32

//go:wasmimport fastly_secret_store open
//go:noescape
func importSecretStoreOpen(name string, store *uint32) uint32

//go:wasmimport fastly_secret_store get
//go:noescape
func importSecretStoreGet(store uint32, key string, secret *uint32) uint32

//go:wasmimport fastly_secret_store plaintext
//go:noescape
func importSecretPlaintext(secret uint32, p unsafe.Pointer, size uint32, n *uint32) uint32

//go:wasmimport fastly_log endpoint_get
//go:noescape
func importLogEndpointGet(name string, endpoint *uint32) uint32

//go:wasmimport fastly_log write
//go:noescape
func importLogWrite(endpoint uint32, p unsafe.Pointer, size uint32, n *uint32) uint32

//go:wasmimport fastly_compute_runtime get_vcpu_ms
//go:noescape
func importVCPU(ms *uint64) uint32

func backendExists(name string) Status { return Status(importBackendExists(name, &out.n)) }

func configStoreOpen(name string) Status { return Status(importConfigStoreOpen(name, &out.store)) }

func configStoreGet(store uint32, key string, p []byte) Status {
	return Status(importConfigStoreGet(store, key, data(p), uint32(len(p)), &out.n))
}

func secretStoreOpen(name string) Status { return Status(importSecretStoreOpen(name, &out.store)) }

func secretStoreGet(store uint32, key string) Status {
	return Status(importSecretStoreGet(store, key, &out.secret))
}

func secretPlaintext(secret uint32, p []byte) Status {
	return Status(importSecretPlaintext(secret, data(p), uint32(len(p)), &out.n))
}

func logEndpointGet(name string) Status { return Status(importLogEndpointGet(name, &out.endpoint)) }

func logWrite(endpoint uint32, p []byte) Status {
	return Status(importLogWrite(endpoint, data(p), uint32(len(p)), &out.n))
}

func vcpuMillis() Status { return Status(importVCPU(&out.millis)) }
