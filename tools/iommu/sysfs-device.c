// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device as sysfs shows it. See sysfs-device.h.
 *
 * Links in the directory of a device name what it belongs to: its driver, its
 * group, and its IOMMU as the driver of that calls it. A device in VFIO's no-IOMMU
 * mode has a group, which VFIO made up, and no IOMMU.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "json.h"
#include "sysfs-device.h"
#include "vfio-device.h"

/* The last part of where a link leads to; "" if there is no link */
static void read_link(const char *dir, const char *link, char *name)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t length = -1;
	char *slash;

	if (snprintf(path, sizeof(path), "%s/%s", dir, link) < PATH_MAX)
		length = readlink(path, target, sizeof(target) - 1);
	target[length < 0 ? 0 : length] = 0;
	slash = strrchr(target, '/');
	snprintf(name, NAME_MAX + 1, "%.*s", NAME_MAX, slash ? slash + 1 : target);
}

static bool is_directory(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISDIR(st.st_mode);
}

void sysfs_device_read(const char *dir, struct sysfs_device *device)
{
	char path[PATH_MAX] = "", subsystem[NAME_MAX + 1];
	const char *slash = strrchr(dir, '/');

	memset(device, 0, sizeof(*device));
	snprintf(device->dir, sizeof(device->dir), "%s", dir);
	snprintf(device->name, sizeof(device->name), "%.*s", NAME_MAX,
		 slash ? slash + 1 : dir);
	read_link(dir, "driver", device->driver);
	read_link(dir, "iommu", device->iommu);
	read_link(dir, "subsystem", subsystem);
	device->mediated = !strcmp(subsystem, "mdev");
	device->pci = !strcmp(subsystem, "pci");
	device->group = vfio_group_number(dir);
	if (!vfio_cdev_path(dir, path, sizeof(path)))
		strcpy(device->file, path);
}

bool sysfs_device_find(const char *argument, struct sysfs_device *device)
{
	static const char *const places[] = {
		SYSFS_PCI "/", SYSFS_PCI "/0000:", SYSFS_MDEV "/", NULL
	};
	char dir[PATH_MAX], bus[PATH_MAX + sizeof("/subsystem")];

	if (*argument == '/') {
		/* By way of links, the last of which may have another name */
		if (!realpath(argument, dir))
			return false;
		/* A device has a bus */
		snprintf(bus, sizeof(bus), "%s/subsystem", dir);
		if (!is_directory(bus))
			return false;
		sysfs_device_read(dir, device);
		return true;
	}
	if (!*argument || *argument == '.' || strchr(argument, '/'))
		return false;
	for (const char *const *place = places; *place; place++) {
		if (snprintf(dir, sizeof(dir), "%s%s", *place, argument) >=
		    PATH_MAX || !is_directory(dir))
			continue;
		sysfs_device_read(dir, device);
		return true;
	}
	return false;
}

const char *sysfs_device_iommu(const struct sysfs_device *device)
{
	if (*device->iommu)
		return device->iommu;
	return device->mediated ? "emulated" : "none";
}

static const char *or_null(const char *text)
{
	return *text ? text : NULL;
}

void sysfs_device_json(const struct sysfs_device *device, struct json *json)
{
	json_string(json, "device", device->name);
	json_string(json, "driver", or_null(device->driver));
	if (device->group >= 0)
		json_number(json, "group", device->group);
	else
		json_string(json, "group", NULL);
	json_string(json, "iommu", or_null(device->iommu));
	json_bool(json, "mediated", device->mediated);
	json_string(json, "file", or_null(device->file));
}
