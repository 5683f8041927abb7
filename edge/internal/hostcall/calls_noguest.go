//go:build !wasip1

package hostcall

import "unsafe"

// Natively there is no host: every call returns Unsupported.

func importABIInit(uint64) Status { return Unsupported }

func importReqBodyDownstreamGet(*Request, *Body) Status { return Unsupported }

func importReqURIGet(Request, unsafe.Pointer, uint32, *uint32) Status { return Unsupported }

func importReqMethodGet(Request, unsafe.Pointer, uint32, *uint32) Status { return Unsupported }

func importReqHeaderNamesGet(Request, unsafe.Pointer, uint32, uint32, *int64, *uint32) Status {
	return Unsupported
}

func importReqHeaderValuesGet(Request, string, unsafe.Pointer, uint32, uint32, *int64, *uint32) Status {
	return Unsupported
}

func importReqHeaderInsert(Request, string, string) Status { return Unsupported }

func importReqHeaderRemove(Request, string) Status { return Unsupported }

func importReqNew(*Request) Status { return Unsupported }

func importReqMethodSet(Request, string) Status { return Unsupported }

func importReqURISet(Request, string) Status { return Unsupported }

func importReqHeaderValuesSet(Request, string, string) Status { return Unsupported }

func importRespHeaderValuesSet(Response, string, string) Status { return Unsupported }

func importReqSendAsync(Request, Body, string, uint32, *Pending) Status { return Unsupported }

func importPendingWait(Pending, unsafe.Pointer, *Response, *Body) Status { return Unsupported }

func importAsyncSelect(*Pending, uint32, uint32, *uint32) Status { return Unsupported }

func importBotAnalyzed(Request, *uint32) Status { return Unsupported }

func importBotDetected(Request, *uint32) Status { return Unsupported }

func importBotVerified(Request, *uint32) Status { return Unsupported }

func importBotCategoryKind(Request, *uint32) Status { return Unsupported }

func importBotName(Request, unsafe.Pointer, uint32, *uint32) Status { return Unsupported }

func importDownstreamClientIP(Request, *[16]byte, *uint32) Status { return Unsupported }

func importDownstreamRequestID(Request, unsafe.Pointer, uint32, *uint32) Status { return Unsupported }

func importReaderIP(*[16]byte, *uint32) Status { return Unsupported }

func importReaderJA4(unsafe.Pointer, uint32, *uint32) Status { return Unsupported }

func importReaderH2(unsafe.Pointer, uint32, *uint32) Status { return Unsupported }

func importGeoLookup(*[16]byte, uint32, unsafe.Pointer, uint32, *uint32) Status { return Unsupported }

func importRespNew(*Response) Status { return Unsupported }

func importRespClose(Response) Status { return Unsupported }

func importRespStatusGet(Response, *uint16) Status { return Unsupported }

func importRespStatusSet(Response, uint32) Status { return Unsupported }

func importRespHeaderNamesGet(Response, unsafe.Pointer, uint32, uint32, *int64, *uint32) Status {
	return Unsupported
}

func importRespHeaderValuesGet(Response, string, unsafe.Pointer, uint32, uint32, *int64, *uint32) Status {
	return Unsupported
}

func importRespHeaderInsert(Response, string, string) Status { return Unsupported }

func importRespHeaderRemove(Response, string) Status { return Unsupported }

func importRespSendDownstream(Response, Body, uint32) Status { return Unsupported }

func importBodyNew(*Body) Status { return Unsupported }

func importBodyWrite(Body, unsafe.Pointer, uint32, uint32, *uint32) Status { return Unsupported }

func importBodyClose(Body) Status { return Unsupported }

func importConfigStoreOpen(string, *uint32) Status { return Unsupported }

func importConfigStoreGet(uint32, string, unsafe.Pointer, uint32, *uint32) Status { return Unsupported }

func importBackendExists(string, *uint32) Status { return Unsupported }

func importSecretStoreOpen(string, *uint32) Status { return Unsupported }

func importSecretStoreGet(uint32, string, *uint32) Status { return Unsupported }

func importSecretPlaintext(uint32, unsafe.Pointer, uint32, *uint32) Status { return Unsupported }

func importLogEndpointGet(string, *uint32) Status { return Unsupported }

func importLogWrite(uint32, unsafe.Pointer, uint32, *uint32) Status { return Unsupported }

func importVCPU(*uint64) Status { return Unsupported }
