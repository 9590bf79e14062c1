/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mediated devices: making and removing them, and the registers of the one for
 * tests (CONFIG_VFIO_MDEV_TEST). Functions return 0 or a negative errno.
 */
#ifndef __MDEV_DEVICE_H
#define __MDEV_DEVICE_H

#include "vfio_ioctl.h"
#include "../../../../drivers/vfio/mdev/mdev_test.h"

struct mdev {
	char path[128];		/* of its directory in sysfs */
};

/*
 * A device of @type ("mbochs-small") of @driver. Its name is unique among those
 * of this process and @number
 */
int mdev_create(struct mdev *mdev, const char *driver, const char *type,
		unsigned int number);
/* Waits until nobody has it bound */
int mdev_remove(const struct mdev *mdev);

/* Registers */
int mdev_get(int device, enum mdev_test_register offset, __u64 *value);
int mdev_set(int device, enum mdev_test_register offset, __u64 value);

/* What the device says, UINT64_MAX if it does not */
static inline __u64 mdev_read(int device, enum mdev_test_register offset)
{
	__u64 value;

	return mdev_get(device, offset, &value) ? UINT64_MAX : value;
}

/* Let the device do something */
int mdev_command(int device, enum mdev_test_command command, __u64 iova,
		 __u64 length);

static inline int mdev_pin(int device, __u64 iova, __u64 length)
{
	return mdev_command(device, MDEV_TEST_PIN_WRITE, iova, length);
}

/* The start of the buffer that READ and WRITE use */
int mdev_fill(int device, const void *data, size_t length);
int mdev_dump(int device, void *data, size_t length);

#endif
