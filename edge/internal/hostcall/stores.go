package hostcall

// Config returns the value of a config store's entry, with two host calls. None
// means that there is no such entry. For a store that the service does not
// have, hosts return BadHandle or None.
func Config(b *Buffer, store, key string) (string, Status) {
	var handle uint32
	if st := importConfigStoreOpen(store, &handle); st != OK {
		return "", st
	}
	for {
		var n uint32
		if st := importConfigStoreGet(handle, key, data(b.free), uint32(len(b.free)), &n); st == OK {
			return b.take(n)
		} else if !b.grow(st, n) {
			return "", st
		}
	}
}

// BackendExists reports whether the service has a backend of this name.
func BackendExists(name string) (bool, Status) {
	var exists uint32
	st := importBackendExists(name, &exists)
	return exists == 1, st
}

// Secret returns a secret of a secret store, with three host calls. None means
// that there is no such secret, or no such store. The caller should overwrite
// the secret after use.
func Secret(b *Buffer, store, name string) ([]byte, Status) {
	var opened, handle uint32
	if st := importSecretStoreOpen(store, &opened); st != OK {
		return nil, st
	}
	if st := importSecretStoreGet(opened, name, &handle); st != OK {
		return nil, st
	}
	for {
		var n uint32
		free := b.free
		if st := importSecretPlaintext(handle, data(free), uint32(len(free)), &n); st == OK {
			secret, st := b.take(n)
			return free[:len(secret):len(secret)], st
		} else if !b.grow(st, n) {
			return nil, st
		}
	}
}

// WriteLog writes one line to a log endpoint, with two host calls. It returns
// Error if the host takes only a part of the line.
func WriteLog(endpoint string, line []byte) Status {
	var handle, n uint32
	if st := importLogEndpointGet(endpoint, &handle); st != OK {
		return st
	}
	if st := importLogWrite(handle, data(line), uint32(len(line)), &n); st != OK {
		return st
	}
	if int(n) != len(line) {
		return Error
	}
	return OK
}

// VCPUMillis returns the CPU time that this sandbox has used, in milliseconds.
func VCPUMillis() (int64, Status) {
	var millis uint64
	st := importVCPU(&millis)
	return int64(millis), st
}
