//go:build !wasip1

package hostcall

func backendExists(string) Status { return Unsupported }

func configStoreOpen(string) Status { return Unsupported }

func configStoreGet(uint32, string, []byte) Status { return Unsupported }

func secretStoreOpen(string) Status { return Unsupported }

func secretStoreGet(uint32, string) Status { return Unsupported }

func secretPlaintext(uint32, []byte) Status { return Unsupported }

func logEndpointGet(string) Status { return Unsupported }

func logWrite(uint32, []byte) Status { return Unsupported }

func vcpuMillis() Status { return Unsupported }
