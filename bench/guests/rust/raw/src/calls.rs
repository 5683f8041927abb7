//! The host calls, as clickedge makes them (compute-at-edge.witx).
#![allow(clippy::too_many_arguments)]

macro_rules! module {
    ($name:ident, $import:literal, { $(fn $f:ident($($p:ident: $t:ty),* $(,)?);)* }) => {
        pub mod $name {
            #[link(wasm_import_module = $import)]
            unsafe extern "C" {
                $(pub fn $f($($p: $t),*) -> u32;)*
            }
        }
    };
}

module!(abi, "fastly_abi", {
    fn init(version: u64);
});
module!(req, "fastly_http_req", {
    fn body_downstream_get(req: *mut u32, body: *mut u32);
    fn uri_get(req: u32, p: *mut u8, size: usize, n: *mut usize);
    fn method_get(req: u32, p: *mut u8, size: usize, n: *mut usize);
    fn header_names_get(req: u32, p: *mut u8, size: usize, cursor: u32, end: *mut i64, n: *mut usize);
    fn header_values_get(
        req: u32,
        name: *const u8,
        length: usize,
        p: *mut u8,
        size: usize,
        cursor: u32,
        end: *mut i64,
        n: *mut usize,
    );
});
module!(downstream, "fastly_http_downstream", {
    fn downstream_bot_analyzed(req: u32, analyzed: *mut u32);
});
module!(resp, "fastly_http_resp", {
    fn new(resp: *mut u32);
    fn status_set(resp: u32, status: u32);
    fn header_insert(resp: u32, name: *const u8, length: usize, value: *const u8, size: usize);
    fn send_downstream(resp: u32, body: u32, streaming: u32);
});
module!(body, "fastly_http_body", {
    fn new(body: *mut u32);
});
module!(config, "fastly_config_store", {
    fn open(name: *const u8, length: usize, store: *mut u32);
    fn get(store: u32, key: *const u8, length: usize, p: *mut u8, size: usize, n: *mut usize);
});
module!(secret, "fastly_secret_store", {
    fn open(name: *const u8, length: usize, store: *mut u32);
    fn get(store: u32, key: *const u8, length: usize, secret: *mut u32);
    fn plaintext(secret: u32, p: *mut u8, size: usize, n: *mut usize);
});
module!(log, "fastly_log", {
    fn endpoint_get(name: *const u8, length: usize, endpoint: *mut u32);
    fn write(endpoint: u32, p: *const u8, size: usize, n: *mut usize);
});
module!(wasi, "wasi_snapshot_preview1", {
    fn clock_time_get(id: u32, precision: u64, time: *mut u64);
    fn environ_sizes_get(number: *mut usize, size: *mut usize);
    fn environ_get(list: *mut u32, text: *mut u8);
});
