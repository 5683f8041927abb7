//go:build !wasip1

package hostcall

func cacheLookup(string) (uint32, Status) { return 0, Unsupported }

func cacheMetadata(uint32, []byte) (uint32, Status) { return 0, Unsupported }

func cacheInsert(_, _, _ string, _ uint64) (Body, Status) { return InvalidHandle, Unsupported }

func purgeSurrogate(string) Status { return Unsupported }

func kvOpen(string) (Store, Status) { return InvalidHandle, Unsupported }

func kvLookup(Store, string) (Pending, Status) { return InvalidHandle, Unsupported }

func kvLookupWait(Pending) (Body, uint32, Status) { return InvalidHandle, 0, Unsupported }

func kvInsert(Store, string, Body, bool) (Pending, Status) { return InvalidHandle, Unsupported }

func kvInsertWait(Pending) (uint32, Status) { return 0, Unsupported }

func bodyRead(Body, []byte) (uint32, Status) { return 0, Unsupported }
