//go:build !wasip1

package hostcall

// Natively there is no host: every call returns Unsupported.

func abiInit(uint64) Status { return Unsupported }

func reqBodyDownstreamGet() Status { return Unsupported }

func reqURIGet(Request, []byte) Status { return Unsupported }

func reqMethodGet(Request, []byte) Status { return Unsupported }

func reqHeaderNamesGet(Request, []byte, uint32) Status { return Unsupported }

func reqHeaderValuesGet(Request, string, []byte, uint32) Status { return Unsupported }

func reqHeaderInsert(Request, string, string) Status { return Unsupported }

func reqHeaderRemove(Request, string) Status { return Unsupported }

func reqNew() Status { return Unsupported }

func reqMethodSet(Request, string) Status { return Unsupported }

func reqURISet(Request, string) Status { return Unsupported }

func reqHeaderValuesSet(Request, string, string) Status { return Unsupported }

func respHeaderValuesSet(Response, string, string) Status { return Unsupported }

func reqSendAsync(Request, Body, string) Status { return Unsupported }

func pendingWait(Pending) Status { return Unsupported }

func pendingSelect(Pending, uint32) Status { return Unsupported }

func botAnalyzed(Request) Status { return Unsupported }

func botDetected(Request) Status { return Unsupported }

func botVerified(Request) Status { return Unsupported }

func botCategoryKind(Request) Status { return Unsupported }

func botName(Request, []byte) Status { return Unsupported }

func downstreamClientIP(Request, *[16]byte) Status { return Unsupported }

func downstreamRequestID(Request, []byte) Status { return Unsupported }

func respNew() Status { return Unsupported }

func respClose(Response) Status { return Unsupported }

func respStatusGet(Response) Status { return Unsupported }

func respStatusSet(Response, uint32) Status { return Unsupported }

func respHeaderNamesGet(Response, []byte, uint32) Status { return Unsupported }

func respHeaderValuesGet(Response, string, []byte, uint32) Status {
	return Unsupported
}

func respHeaderInsert(Response, string, string) Status { return Unsupported }

func respHeaderRemove(Response, string) Status { return Unsupported }

func respSendDownstream(Response, Body, uint32) Status { return Unsupported }

func bodyNew() Status { return Unsupported }

func bodyWrite(Body, []byte) Status { return Unsupported }

func bodyClose(Body) Status { return Unsupported }
