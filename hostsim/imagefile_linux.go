package hostsim

import (
	"os"

	"golang.org/x/sys/unix"
)

// imageName is what the mappings are called in /proc/self/maps.
const imageName = "hostsim-image"

// imageFile is memory of its own, without a name in any file system.
func imageFile() (*os.File, error) {
	fd, err := unix.MemfdCreate(imageName, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), imageName), nil
}
