//go:build unix

package hostsim

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// image is what a guest's memory starts from, in a file that is never written
// again.
type image struct {
	data []byte
	file *os.File // nil: it cannot be mapped
}

// newImage keeps data for mapping. Without a file, or a mapping, guests get
// copies.
func newImage(data []byte) *image {
	file, err := imageFile()
	if err != nil {
		return &image{data: data}
	}
	page := os.Getpagesize()
	padded := append(data, make([]byte, (page-len(data)%page)%page)...)
	if _, err := file.Write(padded); err != nil {
		file.Close()
		return &image{data: data}
	}
	return &image{data: padded, file: file}
}

// mapped returns limit bytes of address space that start with the image. What
// is written there stays there: the mapping is private. The rest is zero and
// takes memory only where it is touched.
func (i *image) mapped(limit uint64) (buf []byte, unmap func(), err error) {
	if i.file == nil || uint64(len(i.data)) > limit || limit == 0 {
		return nil, nil, fmt.Errorf("no image to map")
	}
	const readWrite = unix.PROT_READ | unix.PROT_WRITE
	base, err := unix.MmapPtr(-1, 0, nil, uintptr(limit), readWrite, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, nil, err
	}
	unmap = func() { unix.MunmapPtr(base, uintptr(limit)) }
	if len(i.data) > 0 {
		_, err = unix.MmapPtr(int(i.file.Fd()), 0, base, uintptr(len(i.data)), readWrite, unix.MAP_PRIVATE|unix.MAP_FIXED)
	}
	if err != nil {
		unmap()
		return nil, nil, err
	}
	return unsafe.Slice((*byte)(base), limit), unmap, nil
}

// close closes the file. Existing mappings stay valid.
func (i *image) close() {
	if i != nil && i.file != nil {
		i.file.Close()
	}
}
