//! Host calls about the request, its answer, bodies and the ESP.
use crate::frame::{Frame, add, at, call};
use crate::service::{Body, Click, Message, NONE, OK, Status};
use wasmtime::{Caller, Linker, Result};

type C<'a> = Caller<'a, Click>;

/// The reader's request is handle 0 of requests, its body handle 0 of bodies.
fn downstream(f: &mut Frame, request: u32, body: u32) -> Result<Status> {
    let message = f.click.lane.request.clone();
    let handle = add(&mut f.click.requests, message);
    f.put(request, handle)?;
    let handle = add(&mut f.click.bodies, Body::default());
    f.number(handle, body)
}

#[derive(Clone, Copy)]
enum Side {
    Request,
    Response,
}

fn message<'a>(f: &'a mut Frame, side: Side, handle: u32) -> Result<&'a mut Message> {
    match side {
        Side::Request => at(&mut f.click.requests, handle),
        Side::Response => at(&mut f.click.responses, handle),
    }
}

/// All of a list at once: there is no next cursor.
fn listed(f: &mut Frame, list: &[u8], p: u32, n: u32, end: u32, written: u32) -> Result<Status> {
    f.put64(end, u64::MAX)?;
    f.give(list, p, n, written)
}

/// The calls that requests and responses have alike.
fn headers(l: &mut Linker<Click>, module: &str, side: Side, names: [&'static str; 7]) -> Result<()> {
    let [list, values, value, insert, append, set, remove] = names;
    let name = |full: &'static str| full.split_once('.').map_or(full, |x| x.1);
    l.func_wrap(module, name(list), move |c: C, h: u32, p: u32, n: u32, _cursor: u32, end: u32, w: u32| {
        call(c, list, |f| {
            let names = message(f, side, h)?.names();
            listed(f, &names, p, n, end, w)
        })
    })?;
    l.func_wrap(
        module,
        name(values),
        move |c: C, h: u32, np: u32, nn: u32, p: u32, n: u32, _cursor: u32, end: u32, w: u32| {
            call(c, values, |f| {
                let key = f.text(np, nn)?;
                let values = message(f, side, h)?.values(&key);
                listed(f, &values, p, n, end, w)
            })
        },
    )?;
    l.func_wrap(module, name(value), move |c: C, h: u32, np: u32, nn: u32, p: u32, n: u32, w: u32| {
        call(c, value, |f| {
            let key = f.text(np, nn)?;
            match message(f, side, h)?.value(&key).map(str::to_string) {
                Some(v) => f.give(v.as_bytes(), p, n, w),
                None => {
                    f.put(w, 0)?;
                    Ok(NONE)
                }
            }
        })
    })?;
    l.func_wrap(module, name(insert), move |c: C, h: u32, np: u32, nn: u32, vp: u32, vn: u32| {
        call(c, insert, |f| {
            let (key, v) = (f.text(np, nn)?, f.text(vp, vn)?);
            message(f, side, h)?.insert(&key, &v);
            Ok(OK)
        })
    })?;
    l.func_wrap(module, name(append), move |c: C, h: u32, np: u32, nn: u32, vp: u32, vn: u32| {
        call(c, append, |f| {
            let (key, v) = (f.text(np, nn)?, f.text(vp, vn)?);
            message(f, side, h)?.append(&key, &v);
            Ok(OK)
        })
    })?;
    l.func_wrap(module, name(set), move |c: C, h: u32, np: u32, nn: u32, vp: u32, vn: u32| {
        call(c, set, |f| {
            let (key, all) = (f.text(np, nn)?, f.text(vp, vn)?);
            let m = message(f, side, h)?;
            m.remove(&key);
            all.split_terminator('\0').for_each(|v| m.append(&key, v));
            Ok(OK)
        })
    })?;
    l.func_wrap(module, name(remove), move |c: C, h: u32, np: u32, nn: u32| {
        call(c, remove, |f| {
            let key = f.text(np, nn)?;
            message(f, side, h)?.remove(&key);
            Ok(OK)
        })
    })?;
    Ok(())
}

macro_rules! names {
    ($module:literal) => {
        [
            concat!($module, ".header_names_get"),
            concat!($module, ".header_values_get"),
            concat!($module, ".header_value_get"),
            concat!($module, ".header_insert"),
            concat!($module, ".header_append"),
            concat!($module, ".header_values_set"),
            concat!($module, ".header_remove"),
        ]
    };
}

pub fn link(l: &mut Linker<Click>) -> Result<()> {
    l.func_wrap("fastly_abi", "init", |c: C, _version: u64| call(c, "fastly_abi.init", |_| Ok(OK)))?;
    headers(l, "fastly_http_req", Side::Request, names!("fastly_http_req"))?;
    headers(l, "fastly_http_resp", Side::Response, names!("fastly_http_resp"))?;
    link_request(l)?;
    link_response(l)?;
    link_body(l)?;
    link_send(l)?;
    link_reader(l)
}

fn link_request(l: &mut Linker<Click>) -> Result<()> {
    const M: &str = "fastly_http_req";
    l.func_wrap(M, "body_downstream_get", |c: C, r: u32, b: u32| {
        call(c, "fastly_http_req.body_downstream_get", |f| downstream(f, r, b))
    })?;
    l.func_wrap(M, "method_get", |c: C, _r: u32, p: u32, n: u32, w: u32| {
        call(c, "fastly_http_req.method_get", |f| {
            let lane = f.click.lane.clone();
            f.give(lane.method.as_bytes(), p, n, w)
        })
    })?;
    l.func_wrap(M, "uri_get", |c: C, _r: u32, p: u32, n: u32, w: u32| {
        call(c, "fastly_http_req.uri_get", |f| {
            let lane = f.click.lane.clone();
            f.give(lane.uri.as_bytes(), p, n, w)
        })
    })?;
    l.func_wrap(M, "version_get", |c: C, _r: u32, w: u32| {
        call(c, "fastly_http_req.version_get", |f| f.number(2, w))
    })?;
    l.func_wrap(M, "new", |c: C, w: u32| {
        call(c, "fastly_http_req.new", |f| {
            let h = add(&mut f.click.requests, Message::default());
            f.number(h, w)
        })
    })?;
    l.func_wrap(M, "method_set", |c: C, _r: u32, p: u32, n: u32| {
        call(c, "fastly_http_req.method_set", |f| f.bytes(p, n).map(|_| OK))
    })?;
    l.func_wrap(M, "uri_set", |c: C, _r: u32, p: u32, n: u32| {
        call(c, "fastly_http_req.uri_set", |f| f.bytes(p, n).map(|_| OK))
    })?;
    l.func_wrap(M, "close", |c: C, _r: u32| call(c, "fastly_http_req.close", |_| Ok(OK)))?;
    Ok(())
}

fn link_response(l: &mut Linker<Click>) -> Result<()> {
    const M: &str = "fastly_http_resp";
    l.func_wrap(M, "new", |c: C, w: u32| {
        call(c, "fastly_http_resp.new", |f| {
            let h = add(&mut f.click.responses, Message { status: 200, headers: Vec::new() });
            f.number(h, w)
        })
    })?;
    l.func_wrap(M, "close", |c: C, _r: u32| call(c, "fastly_http_resp.close", |_| Ok(OK)))?;
    l.func_wrap(M, "status_get", |c: C, r: u32, w: u32| {
        call(c, "fastly_http_resp.status_get", |f| {
            let status = at(&mut f.click.responses, r)?.status;
            f.write(w, &status.to_le_bytes())?;
            Ok(OK)
        })
    })?;
    l.func_wrap(M, "status_set", |c: C, r: u32, status: u32| {
        call(c, "fastly_http_resp.status_set", |f| {
            at(&mut f.click.responses, r)?.status = status as u16;
            Ok(OK)
        })
    })?;
    l.func_wrap(M, "version_set", |c: C, _r: u32, _v: u32| {
        call(c, "fastly_http_resp.version_set", |_| Ok(OK))
    })?;
    l.func_wrap(M, "framing_headers_mode_set", |c: C, _r: u32, _mode: u32| {
        call(c, "fastly_http_resp.framing_headers_mode_set", |_| Ok(OK))
    })?;
    l.func_wrap(M, "send_downstream", |c: C, r: u32, _body: u32, _streaming: u32| {
        call(c, "fastly_http_resp.send_downstream", |f| {
            f.click.sent = Some(at(&mut f.click.responses, r)?.clone());
            Ok(OK)
        })
    })?;
    Ok(())
}

fn link_body(l: &mut Linker<Click>) -> Result<()> {
    const M: &str = "fastly_http_body";
    l.func_wrap(M, "new", |c: C, w: u32| {
        call(c, "fastly_http_body.new", |f| {
            let h = add(&mut f.click.bodies, Body::default());
            f.number(h, w)
        })
    })?;
    l.func_wrap(M, "write", |c: C, b: u32, p: u32, n: u32, _end: u32, w: u32| {
        call(c, "fastly_http_body.write", |f| {
            let bytes = f.bytes(p, n)?.to_vec();
            at(&mut f.click.bodies, b)?.bytes.extend(bytes);
            f.number(n, w)
        })
    })?;
    l.func_wrap(M, "read", |c: C, b: u32, p: u32, n: u32, w: u32| {
        call(c, "fastly_http_body.read", |f| {
            let body = at(&mut f.click.bodies, b)?;
            let from = body.read;
            body.read = body.bytes.len().min(from + n as usize);
            let part = body.bytes[from..body.read].to_vec();
            f.give(&part, p, n, w)
        })
    })?;
    l.func_wrap(M, "append", |c: C, to: u32, from: u32| {
        call(c, "fastly_http_body.append", |f| {
            let bytes = std::mem::take(&mut at(&mut f.click.bodies, from)?.bytes);
            at(&mut f.click.bodies, to)?.bytes.extend(bytes);
            Ok(OK)
        })
    })?;
    l.func_wrap(M, "close", |c: C, b: u32| {
        call(c, "fastly_http_body.close", |f| {
            at(&mut f.click.bodies, b)?;
            Ok(OK)
        })
    })?;
    Ok(())
}

/// Gives the ESP's answer, which is there at once.
fn answered(f: &mut Frame, response: u32, body: u32) -> Result<Status> {
    let esp = &f.click.lane.service.esp;
    let answer = Message { status: esp.status, headers: esp.headers.clone() };
    let handle = add(&mut f.click.responses, answer);
    f.put(response, handle)?;
    let handle = add(&mut f.click.bodies, Body::default());
    f.number(handle, body)
}

fn link_send(l: &mut Linker<Click>) -> Result<()> {
    const M: &str = "fastly_http_req";
    l.func_wrap(
        M,
        "send_async_v2",
        |c: C, r: u32, _body: u32, bp: u32, bn: u32, _streaming: u32, w: u32| {
            call(c, "fastly_http_req.send_async_v2", |f| sent(f, r, bp, bn, w))
        },
    )?;
    for (name, full) in [
        ("send_async", "fastly_http_req.send_async"),
        ("send_async_streaming", "fastly_http_req.send_async_streaming"),
    ] {
        l.func_wrap(M, name, move |c: C, r: u32, _body: u32, bp: u32, bn: u32, w: u32| {
            call(c, full, |f| sent(f, r, bp, bn, w))
        })?;
    }
    l.func_wrap(M, "pending_req_wait_v2", |c: C, _pending: u32, _detail: u32, r: u32, b: u32| {
        call(c, "fastly_http_req.pending_req_wait_v2", |f| answered(f, r, b))
    })?;
    l.func_wrap(M, "pending_req_poll_v2", |c: C, _pending: u32, _detail: u32, done: u32, r: u32, b: u32| {
        call(c, "fastly_http_req.pending_req_poll_v2", |f| {
            f.put(done, 1)?;
            answered(f, r, b)
        })
    })?;
    l.func_wrap(M, "auto_decompress_response_set", |c: C, _r: u32, _encodings: u32| {
        call(c, "fastly_http_req.auto_decompress_response_set", |_| Ok(OK))
    })?;
    l.func_wrap(
        M,
        "cache_override_v2_set",
        |c: C, _r: u32, _tag: u32, _ttl: u32, _stale: u32, _key: u32, _length: u32| {
            call(c, "fastly_http_req.cache_override_v2_set", |_| Ok(OK))
        },
    )?;
    l.func_wrap("fastly_async_io", "select", |c: C, _handles: u32, _n: u32, _ms: u32, w: u32| {
        call(c, "fastly_async_io.select", |f| f.number(0, w))
    })?;
    Ok(())
}

/// Sends a request: there is one backend, and one pending request.
fn sent(f: &mut Frame, request: u32, bp: u32, bn: u32, pending: u32) -> Result<Status> {
    at(&mut f.click.requests, request)?;
    f.bytes(bp, bn)?;
    f.number(0, pending)
}

const ADDRESS: [u8; 4] = [192, 0, 2, 7];

/// Who the reader is, as far as guests ask.
fn link_reader(l: &mut Linker<Click>) -> Result<()> {
    const M: &str = "fastly_http_downstream";
    l.func_wrap(M, "downstream_bot_analyzed", |c: C, _r: u32, w: u32| {
        call(c, "fastly_http_downstream.downstream_bot_analyzed", |f| f.number(0, w))
    })?;
    l.func_wrap(M, "downstream_client_ip_addr", |c: C, _r: u32, p: u32, w: u32| {
        call(c, "fastly_http_downstream.downstream_client_ip_addr", |f| {
            f.write(p, &ADDRESS)?;
            f.number(4, w)
        })
    })?;
    l.func_wrap(M, "downstream_server_ip_addr", |c: C, _r: u32, p: u32, w: u32| {
        call(c, "fastly_http_downstream.downstream_server_ip_addr", |f| {
            f.write(p, &ADDRESS)?;
            f.number(4, w)
        })
    })?;
    l.func_wrap("fastly_http_req", "downstream_client_ip_addr", |c: C, p: u32, w: u32| {
        call(c, "fastly_http_req.downstream_client_ip_addr", |f| {
            f.write(p, &ADDRESS)?;
            f.number(4, w)
        })
    })?;
    for (name, full, text) in [
        (
            "downstream_client_request_id",
            "fastly_http_downstream.downstream_client_request_id",
            "00000000000000000000000000000002",
        ),
        (
            "downstream_tls_cipher_openssl_name",
            "fastly_http_downstream.downstream_tls_cipher_openssl_name",
            "TLS_AES_128_GCM_SHA256",
        ),
        ("downstream_tls_protocol", "fastly_http_downstream.downstream_tls_protocol", "TLSv1.3"),
        (
            "downstream_tls_client_servername",
            "fastly_http_downstream.downstream_tls_client_servername",
            "link.example.com",
        ),
        (
            "downstream_tls_ja4",
            "fastly_http_downstream.downstream_tls_ja4",
            "t13d1516h2_8daaf6152771_02713d6af862",
        ),
        ("downstream_tls_client_hello", "fastly_http_downstream.downstream_tls_client_hello", ""),
    ] {
        l.func_wrap(M, name, move |c: C, _r: u32, p: u32, n: u32, w: u32| {
            call(c, full, |f| f.give(text.as_bytes(), p, n, w))
        })?;
    }
    l.func_wrap(M, "downstream_tls_ja3_md5", |c: C, _r: u32, p: u32, w: u32| {
        call(c, "fastly_http_downstream.downstream_tls_ja3_md5", |f| {
            f.write(p, &[7; 16])?;
            f.number(16, w)
        })
    })?;
    Ok(())
}
