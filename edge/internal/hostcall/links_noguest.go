//go:build !wasip1

package hostcall

func cacheLookup(string) Status { return Unsupported }

func cacheMetadata(uint32, []byte) Status { return Unsupported }

func cacheInsert(_, _, _ string, _ uint64) Status { return Unsupported }

func purgeSurrogate(string) Status { return Unsupported }

func kvOpen(string) Status { return Unsupported }

func kvLookup(Store, string) Status { return Unsupported }

func kvLookupWait(Pending) Status { return Unsupported }

func kvInsert(Store, string, Body, bool) Status { return Unsupported }

func kvInsertWait(Pending) Status { return Unsupported }

func bodyRead(Body, []byte) Status { return Unsupported }
