/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * The registers of the emulated device for tests (CONFIG_VFIO_MDEV_TEST).
 *
 * Included by the driver and by tools/testing/selftests/iommu. They are in
 * region 0, 8 bytes each, and are read and written whole. A write to
 * MDEV_TEST_COMMAND does something and gives its errno.
 */
#ifndef __MDEV_TEST_H
#define __MDEV_TEST_H

enum mdev_test_register {
	MDEV_TEST_IOVA = 0x00,
	MDEV_TEST_LENGTH = 0x08,	/* bytes */
	MDEV_TEST_COMMAND = 0x10,	/* enum mdev_test_command */
	MDEV_TEST_FAIL_OPEN = 0x18,	/* errno of the next open_device */
	MDEV_TEST_KEEP_PINS = 0x20,	/* close_device unpins nothing */
	/* Read-only; they outlive open and close */
	MDEV_TEST_PINNED = 0x28,	/* pages that are pinned */
	MDEV_TEST_UNMAPS = 0x30,	/* calls of dma_unmap */
	MDEV_TEST_UNMAP_IOVA = 0x38,	/* of the last one */
	MDEV_TEST_UNMAP_LENGTH = 0x40,
	MDEV_TEST_REQUESTS = 0x48,	/* the device was asked for */
	MDEV_TEST_HAS_KVM = 0x50,	/* opened for a virtual machine */
	MDEV_TEST_REGISTERS_END = 0x58,
	/* What READ reads to and WRITE writes from; any part at a time */
	MDEV_TEST_BUFFER = 0x1000,
};

#define MDEV_TEST_BUFFER_SIZE	0x3000
#define MDEV_TEST_REGION_SIZE	(MDEV_TEST_BUFFER + MDEV_TEST_BUFFER_SIZE)

/* A page is pinned once: EEXIST otherwise. ENOENT if it is not */
enum mdev_test_command {
	MDEV_TEST_PIN = 1,		/* LENGTH is rounded up to pages */
	MDEV_TEST_PIN_WRITE,
	MDEV_TEST_UNPIN,
	MDEV_TEST_READ,			/* by vfio_dma_rw() */
	MDEV_TEST_WRITE,
	MDEV_TEST_READ_PINNED,		/* by pages that are pinned */
	MDEV_TEST_WRITE_PINNED,
};

#endif
