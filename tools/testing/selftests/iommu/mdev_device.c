// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "mdev_device.h"

int mdev_create(struct mdev *mdev, const char *driver, const char *type,
		unsigned int number)
{
	char command[64], path[128], uuid[40];

	/* nothing to do if it is not a module, or there already */
	snprintf(command, sizeof(command), "modprobe -q %s", driver);
	if (system(command) < 0)
		return -errno;
	snprintf(uuid, sizeof(uuid), "1ed0c0de-0000-4000-8000-%04x%08x",
		 number & 0xffff, (unsigned int)getpid());
	snprintf(mdev->path, sizeof(mdev->path), "/sys/bus/mdev/devices/%s",
		 uuid);
	snprintf(path, sizeof(path),
		 "/sys/class/mdev_bus/%s/mdev_supported_types/%s/create",
		 driver, type);
	return write_file(path, uuid);
}

int mdev_remove(const struct mdev *mdev)
{
	char path[sizeof(mdev->path) + 8];

	snprintf(path, sizeof(path), "%s/remove", mdev->path);
	return write_file(path, "1");
}

int mdev_get(int device, enum mdev_test_register offset, __u64 *value)
{
	ssize_t rc = pread(device, value, sizeof(*value), offset);

	return rc < 0 ? -errno : rc == sizeof(*value) ? 0 : -EIO;
}

int mdev_set(int device, enum mdev_test_register offset, __u64 value)
{
	ssize_t rc = pwrite(device, &value, sizeof(value), offset);

	return rc < 0 ? -errno : rc == sizeof(value) ? 0 : -EIO;
}

int mdev_command(int device, enum mdev_test_command command, __u64 iova,
		 __u64 length)
{
	return mdev_set(device, MDEV_TEST_IOVA, iova) ?:
	       mdev_set(device, MDEV_TEST_LENGTH, length) ?:
	       mdev_set(device, MDEV_TEST_COMMAND, command);
}

int mdev_fill(int device, const void *data, size_t length)
{
	ssize_t rc = pwrite(device, data, length, MDEV_TEST_BUFFER);

	return rc < 0 ? -errno : rc == (ssize_t)length ? 0 : -EIO;
}

int mdev_dump(int device, void *data, size_t length)
{
	ssize_t rc = pread(device, data, length, MDEV_TEST_BUFFER);

	return rc < 0 ? -errno : rc == (ssize_t)length ? 0 : -EIO;
}
