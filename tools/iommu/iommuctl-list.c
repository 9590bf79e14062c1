// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommuctl list: the devices that can be bound to /dev/iommu.
 *
 * Those are the functions of PCI devices, but for bridges, and mediated devices.
 * One that VFIO has, which is told by its device file, can be bound now, another
 * one after its driver was changed. A group is told because nobody can bind a
 * device while the kernel drives another one of its group.
 */
#include <dirent.h>
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iommuctl.h"
#include "json.h"
#include "sysfs-device.h"

/* Class codes of the functions whose header is that of a bridge */
#define CLASS_BRIDGE_PCI	0x0604
#define CLASS_BRIDGE_CARDBUS	0x0607
#define CLASS_BRIDGE_PCI_SEMI	0x0609

struct list {
	struct sysfs_device *devices;
	size_t num;
};

static int is_name(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/*
 * Bridges are part of the way to devices; what cannot be read is none. The kernel
 * has the class at hand: to read the configuration space would wake the device.
 */
static bool is_bridge(const struct sysfs_device *device)
{
	char path[PATH_MAX + sizeof("/class")];
	unsigned int class = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/class", device->dir);
	file = fopen(path, "re");
	if (!file)
		return false;
	/* The lowest byte is the programming interface */
	if (fscanf(file, "%x", &class) == 1)
		class >>= 8;
	fclose(file);
	return class == CLASS_BRIDGE_PCI || class == CLASS_BRIDGE_CARDBUS ||
	       class == CLASS_BRIDGE_PCI_SEMI;
}

static void add(struct list *list, const char *dir)
{
	struct sysfs_device *device;

	list->devices = reallocarray(list->devices, list->num + 1,
				     sizeof(*list->devices));
	if (!list->devices)
		err(IOMMUCTL_FAILED, "list");
	device = &list->devices[list->num];
	sysfs_device_read(dir, device);
	if (device->mediated || !is_bridge(device))
		list->num++;
}

/* A bus that the kernel does not have has no devices */
static void add_bus(struct list *list, const char *bus)
{
	struct dirent **entries;
	int num = scandir(bus, &entries, is_name, alphasort);
	char dir[PATH_MAX];

	for (int i = 0; i < num; i++) {
		snprintf(dir, sizeof(dir), "%s/%s", bus, entries[i]->d_name);
		add(list, dir);
		free(entries[i]);
	}
	if (num >= 0)
		free(entries);
}

static int wider(int width, const char *text)
{
	int length = strlen(text);

	return length > width ? length : width;
}

static const char *or_dash(const char *text)
{
	return *text ? text : "-";
}

static void show_text(const struct list *list)
{
	int name = strlen("DEVICE"), driver = strlen("DRIVER");
	int iommu = strlen("IOMMU");

	for (size_t i = 0; i < list->num; i++) {
		const struct sysfs_device *device = &list->devices[i];

		name = wider(name, device->name);
		driver = wider(driver, device->driver);
		iommu = wider(iommu, sysfs_device_iommu(device));
	}
	printf("%-*s  %-*s  %5s  %-*s  %s\n", name, "DEVICE", driver, "DRIVER",
	       "GROUP", iommu, "IOMMU", "DEVICE FILE");
	for (size_t i = 0; i < list->num; i++) {
		const struct sysfs_device *device = &list->devices[i];
		char group[16] = "-";

		if (device->group >= 0)
			snprintf(group, sizeof(group), "%d", device->group);
		printf("%-*s  %-*s  %5s  %-*s  %s\n", name, device->name,
		       driver, or_dash(device->driver), group, iommu,
		       sysfs_device_iommu(device), or_dash(device->file));
	}
}

static void show_json(const struct list *list)
{
	struct json json = { .out = stdout };

	json_begin_array(&json, NULL);
	for (size_t i = 0; i < list->num; i++) {
		json_begin_object(&json, NULL);
		sysfs_device_json(&list->devices[i], &json);
		json_end_object(&json);
	}
	json_end_array(&json);
}

int iommuctl_list(int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "json", no_argument, NULL, 'j' },
		{ }
	};
	struct list list = {};
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		switch (option) {
		case 'h':
			show_help();
		case 'j':
			json = true;
			break;
		default:
			option_error(option, argv);
		}
	}
	if (optind < argc)
		usage_error("list: \"%s\" is too much", argv[optind]);

	add_bus(&list, SYSFS_PCI);
	add_bus(&list, SYSFS_MDEV);
	if (json)
		show_json(&list);
	else
		show_text(&list);
	free(list.devices);
	return IOMMUCTL_DONE;
}
