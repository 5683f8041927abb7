package hostcall

// Config returns the value of a config store's entry, with two host calls. None
// means that there is no such entry. For a store that the service does not
// have, hosts return BadHandle or None.
func Config(b *Buffer, store, key string) (string, Status) {
	if st := importConfigStoreOpen(store, &out.store); st != OK {
		return "", st
	}
	for handle := out.store; ; {
		out.n = 0
		if st := importConfigStoreGet(handle, key, data(b.free), uint32(len(b.free)), &out.n); st == OK {
			return b.take()
		} else if !b.grow(st) {
			return "", st
		}
	}
}

// BackendExists reports whether the service has a backend of this name.
func BackendExists(name string) (bool, Status) {
	out.n = 0
	st := importBackendExists(name, &out.n)
	return out.n == 1, st
}

// Secret returns a secret of a secret store, with three host calls. None means
// that there is no such secret, or no such store. The caller should overwrite
// the secret after use.
func Secret(b *Buffer, store, name string) ([]byte, Status) {
	if st := importSecretStoreOpen(store, &out.store); st != OK {
		return nil, st
	}
	if st := importSecretStoreGet(out.store, name, &out.secret); st != OK {
		return nil, st
	}
	for handle := out.secret; ; {
		out.n = 0
		free := b.free
		if st := importSecretPlaintext(handle, data(free), uint32(len(free)), &out.n); st == OK {
			secret, st := b.take()
			return free[:len(secret):len(secret)], st
		} else if !b.grow(st) {
			return nil, st
		}
	}
}

// WriteLog writes one line to a log endpoint, with two host calls. It returns
// Error if the host takes only a part of the line.
func WriteLog(endpoint string, line []byte) Status {
	if st := importLogEndpointGet(endpoint, &out.endpoint); st != OK {
		return st
	}
	out.n = 0
	if st := importLogWrite(out.endpoint, data(line), uint32(len(line)), &out.n); st != OK {
		return st
	}
	if int(out.n) != len(line) {
		return Error
	}
	return OK
}

// VCPUMillis returns the CPU time that this sandbox has used, in milliseconds.
func VCPUMillis() (int64, Status) {
	st := importVCPU(&out.millis)
	return int64(out.millis), st
}
