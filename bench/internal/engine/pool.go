package engine

/*
// The functions are in the library that the Go binding links, which cgo's trial
// link does not have.
#cgo LDFLAGS: -Wl,--unresolved-symbols=ignore-all
#include <stddef.h>
#include <stdint.h>
typedef struct wasm_config_t wasm_config_t;
typedef struct wasmtime_pooling_allocation_config_t pool_t;
pool_t *wasmtime_pooling_allocation_config_new(void);
void wasmtime_pooling_allocation_config_delete(pool_t *);
void wasmtime_pooling_allocation_config_total_core_instances_set(pool_t *, uint32_t);
void wasmtime_pooling_allocation_config_total_memories_set(pool_t *, uint32_t);
void wasmtime_pooling_allocation_config_total_tables_set(pool_t *, uint32_t);
void wasmtime_pooling_allocation_config_max_core_instance_size_set(pool_t *, size_t);
void wasmtime_pooling_allocation_config_table_elements_set(pool_t *, size_t);
void wasmtime_pooling_allocation_config_max_memory_size_set(pool_t *, size_t);
void wasmtime_pooling_allocation_strategy_set(wasm_config_t *, const pool_t *);

static void pool(wasm_config_t *config) {
	pool_t *p = wasmtime_pooling_allocation_config_new();
	wasmtime_pooling_allocation_config_total_core_instances_set(p, 16);
	wasmtime_pooling_allocation_config_total_memories_set(p, 16);
	wasmtime_pooling_allocation_config_total_tables_set(p, 32);
	wasmtime_pooling_allocation_config_max_core_instance_size_set(p, 4 << 20);
	wasmtime_pooling_allocation_config_table_elements_set(p, 100000);
	wasmtime_pooling_allocation_config_max_memory_size_set(p, 256 << 20);
	wasmtime_pooling_allocation_strategy_set(config, p);
	wasmtime_pooling_allocation_config_delete(p);
}
*/
import "C"

import (
	"unsafe"

	"github.com/bytecodealliance/wasmtime-go/v42"
)

// pool makes instances come from a pool, as at Fastly: memory and tables are
// reserved once, and one call to the kernel discards a request's pages.
// wasmtime's C interface has the setting and the Go binding does not; the
// binding's Config begins with the C configuration.
func pool(cfg *wasmtime.Config) { C.pool(*(**C.wasm_config_t)(unsafe.Pointer(cfg))) }
