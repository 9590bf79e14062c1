// SPDX-License-Identifier: GPL-2.0-only
/*
 * tools/iommu/iommuctl, as users run it: what it prints, and its exit status.
 *
 * What it tells of a device is compared with what the kernel answers to the test
 * itself, so that it holds on any machine. Which answer a negotiation has is known
 * by machine: MACHINE names it. iommuctl is found by PATH; EDU0 and EDU1 name two
 * devices in the hands of vfio-pci. Without IOMMU they are so in no-IOMMU mode.
 */
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>

#include <linux/pci_regs.h>

#include "mdev_device.h"
#include "harness.h"
#include "json_reader.h"

/* Exit status */
#define DONE		0
#define HW_NESTING	0
#define SHADOWING	1
#define REFUSED		2
#define FAILED		3

/* How a format is told that only a parameter of the kernel permits */
#define ACCEPTED \
	"tables can make DMA bypass the caches; the administrator accepts that"

#define COOKIE		0xc0ffee
#define ROOM		16

FIXTURE(iommuctl)
{
	const char *edu0, *edu1;
};

FIXTURE_SETUP(iommuctl)
{
	self->edu0 = getenv("EDU0");
	self->edu1 = getenv("EDU1");
	ASSERT_NE(NULL, self->edu0);
	ASSERT_NE(NULL, self->edu1);
}

FIXTURE_TEARDOWN(iommuctl)
{
}

/* What came of the last run */
static struct {
	char *out, *err;
	int status;
} last;

static char *read_all(int file)
{
	off_t length = lseek(file, 0, SEEK_END);
	char *text = calloc(1, length + 1);

	if (!text || pread(file, text, length, 0) != length)
		abort();
	close(file);
	return text;
}

/* Run iommuctl; arguments are separated by single blanks */
static int run(const char *format, ...)
{
	char text[512], *argv[32] = { "iommuctl" }, *rest = text;
	int out = memfd_create("out", 0), err = memfd_create("err", 0);
	int argc = 1, status;
	va_list args;
	pid_t child;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	while (*text && argc < 31 && (argv[argc] = strsep(&rest, " ")))
		argc++;
	free(last.out);
	free(last.err);

	child = fork();
	if (!child) {
		dup2(out, STDOUT_FILENO);
		dup2(err, STDERR_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	if (waitpid(child, &status, 0) != child)
		abort();
	last.out = read_all(out);
	last.err = read_all(err);
	last.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	return last.status;
}

/* What is expected after a failure: nothing for a program to take for an answer */
static bool failed_with(const char *message)
{
	if (last.status == FAILED && !*last.out &&
	    !strncmp(last.err, "iommuctl: ", 10) &&
	    strstr(last.err, message))
		return true;
	printf("# status %d, output \"%s\", message \"%s\", which has no \"%s\"\n",
	       last.status, last.out, last.err, message);
	return false;
}

static bool has_iommu(const char *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu", bdf);
	return !access(path, F_OK);
}

static bool is_machine(const char *name)
{
	const char *machine = getenv("MACHINE");

	return machine && !strcmp(machine, name);
}

static const char *quoted(const char *text)
{
	static char buffer[4][PATH_MAX + 2];
	static unsigned int next;
	char *p = buffer[next++ % 4];

	snprintf(p, sizeof(buffer[0]), "\"%s\"", text);
	return p;
}

static bool is_number(const char *json, const char *path, __u64 expected)
{
	char text[32];

	snprintf(text, sizeof(text), "%llu", expected);
	return json_is(json, path, text);
}

static bool is_hex(const char *json, const char *path, __u64 expected)
{
	char text[32];

	snprintf(text, sizeof(text), "\"0x%llx\"", expected);
	return json_is(json, path, text);
}

static bool is_bool(const char *json, const char *path, bool expected)
{
	return json_is(json, path, expected ? "true" : "false");
}

/*
 * list
 */

/* The entry of a device, or NULL */
static const char *find_device(const char *list, const char *bdf)
{
	char path[32];
	int num = json_count(list, "");

	for (int i = 0; i < num; i++) {
		const char *device, *entry;

		snprintf(path, sizeof(path), "%d", i);
		entry = json_find(list, path);
		device = json_find(entry, "device");
		if (device && !strncmp(device, quoted(bdf), strlen(bdf) + 2))
			return entry;
	}
	return NULL;
}

TEST_F(iommuctl, list_tells_what_can_be_bound)
{
	const char *bdf = self->edu0;
	char file[PATH_MAX], *line;

	ASSERT_EQ(0, vfio_cdev_path(bdf, file, sizeof(file)));
	ASSERT_EQ(DONE, run("list"));
	EXPECT_STREQ("", last.err);
	line = strstr(last.out, bdf);
	ASSERT_NE(NULL, line);
	*strchr(line, '\n') = 0;
	EXPECT_NE(NULL, strstr(line, " vfio-pci "));
	EXPECT_NE(NULL, strstr(line, file));
	EXPECT_EQ(!has_iommu(bdf), !!strstr(line, " none "));
}

TEST_F(iommuctl, list_as_json_has_the_same)
{
	const char *bdf = self->edu0, *entry;
	char file[PATH_MAX];

	ASSERT_EQ(0, vfio_cdev_path(bdf, file, sizeof(file)));
	ASSERT_EQ(DONE, run("list --json"));
	ASSERT_TRUE(json_valid(last.out));
	entry = find_device(last.out, bdf);
	ASSERT_NE(NULL, entry);
	EXPECT_TRUE(json_is(entry, "driver", "\"vfio-pci\""));
	EXPECT_TRUE(json_is(entry, "file", quoted(file)));
	EXPECT_TRUE(is_number(entry, "group", vfio_group_number(bdf)));
	EXPECT_TRUE(is_bool(entry, "mediated", false));
	EXPECT_EQ(!has_iommu(bdf), !strncmp(json_find(entry, "iommu"), "null", 4));
}

static bool is_bridge(const char *bdf)
{
	unsigned char type = 0;
	char path[128];
	int file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", bdf);
	file = open(path, O_RDONLY);
	if (pread(file, &type, 1, PCI_HEADER_TYPE) != 1)
		type = 0;
	close(file);
	return type & 0x7f;
}

TEST_F(iommuctl, list_has_all_devices_but_bridges)
{
	unsigned int bridges = 0, others = 0;
	DIR *dir = opendir("/sys/bus/pci/devices");
	struct dirent *entry;

	ASSERT_NE(NULL, dir);
	ASSERT_EQ(DONE, run("list --json"));
	while ((entry = readdir(dir))) {
		if (*entry->d_name == '.')
			continue;
		EXPECT_EQ(!is_bridge(entry->d_name),
			  !!find_device(last.out, entry->d_name))
			TH_LOG("%s", entry->d_name);
		bridges += is_bridge(entry->d_name);
		others += !is_bridge(entry->d_name);
	}
	closedir(dir);
	EXPECT_LT(0, bridges);
	EXPECT_LE(2, others);
}

/*
 * info
 */

struct truth {
	struct iommu_device_get_info info;
	struct iommu_format_info formats[ROOM];
	struct iommu_iova_range ranges[ROOM];
	struct iommu_hw_info hw;
	__u32 hw_data[ROOM];
};

/* What the kernel says */
static int ask(const char *bdf, struct truth *truth)
{
	int iommu = iommu_open(), device = vfio_open_cdev(bdf), rc;

	memset(truth, 0, sizeof(*truth));
	truth->info = (struct iommu_device_get_info){
		.size = sizeof(truth->info),
		.dev_cookie = COOKIE,
		.format_len = sizeof(truth->formats[0]),
		.num_formats = ROOM,
		.num_ranges = ROOM,
		.formats = (uintptr_t)truth->formats,
		.ranges = (uintptr_t)truth->ranges,
	};
	rc = bind_cookie(device, iommu, COOKIE, NULL) ?:
	     iommu_ioctl(iommu, IOMMU_DEVICE_GET_INFO, &truth->info);
	truth->hw = (struct iommu_hw_info){
		.size = sizeof(truth->hw),
		.dev_id = truth->info.out_dev_id,
		.data_len = sizeof(truth->hw_data),
		.data_uptr = (uintptr_t)truth->hw_data,
	};
	rc = rc ?: iommu_ioctl(iommu, IOMMU_GET_HW_INFO, &truth->hw);
	close(device);
	close(iommu);
	return rc;
}

static bool are_page_sizes(const char *json, __u64 pgsizes)
{
	bool all = json_count(json, "page_sizes") ==
		   __builtin_popcountll(pgsizes);
	char path[32];

	for (int i = 0; pgsizes; i++, pgsizes &= pgsizes - 1) {
		snprintf(path, sizeof(path), "page_sizes/%d", i);
		all &= is_number(json, path, pgsizes & -pgsizes);
	}
	return all;
}

TEST_F(iommuctl, info_has_the_limits_that_the_kernel_says)
{
	struct truth truth;
	char path[64];
	__u32 caps;

	ASSERT_EQ(0, ask(self->edu0, &truth));
	ASSERT_EQ(DONE, run("info --json %s", self->edu0));
	EXPECT_STREQ("", last.err);
	ASSERT_TRUE(json_valid(last.out));
	EXPECT_TRUE(json_is(last.out, "device", quoted(self->edu0)));

	caps = truth.info.out_caps;
	EXPECT_TRUE(is_bool(last.out, "capabilities/coherent",
			    caps & IOMMU_DEVICE_CAP_COHERENT));
	EXPECT_TRUE(is_bool(last.out, "capabilities/enforce_snoop",
			    caps & IOMMU_DEVICE_CAP_ENFORCE_SNOOP));
	EXPECT_TRUE(is_bool(last.out, "capabilities/isolated_msi",
			    caps & IOMMU_DEVICE_CAP_ISOLATED_MSI));
	EXPECT_TRUE(is_bool(last.out, "capabilities/sw_msi",
			    caps & IOMMU_DEVICE_CAP_SW_MSI));
	EXPECT_TRUE(is_bool(last.out, "capabilities/dirty_tracking",
			    caps & IOMMU_DEVICE_CAP_DIRTY_TRACKING));
	EXPECT_TRUE(is_bool(last.out, "capabilities/no_iommu",
			    caps & IOMMU_DEVICE_CAP_NO_IOMMU));
	EXPECT_EQ(!has_iommu(self->edu0),
		  !!(caps & IOMMU_DEVICE_CAP_NO_IOMMU));

	EXPECT_TRUE(are_page_sizes(last.out, truth.info.out_pgsizes));
	EXPECT_TRUE(is_number(last.out, "iova_bits", truth.info.out_addr_width));
	EXPECT_EQ(truth.info.num_ranges, json_count(last.out, "permitted_iovas"));
	for (__u32 i = 0; i < truth.info.num_ranges; i++) {
		snprintf(path, sizeof(path), "permitted_iovas/%u/start", i);
		EXPECT_TRUE(is_hex(last.out, path, truth.ranges[i].start));
		snprintf(path, sizeof(path), "permitted_iovas/%u/last", i);
		EXPECT_TRUE(is_hex(last.out, path, truth.ranges[i].last));
	}
	EXPECT_TRUE(is_number(last.out, "pasid_bits",
			      truth.info.out_pasid_width));
	EXPECT_TRUE(json_is(last.out, "pasids_managed_by",
			    truth.info.out_pasid_flags ? "\"user\"" : "null"));
}

TEST_F(iommuctl, info_has_the_formats_that_the_kernel_says)
{
	struct truth truth;
	char path[32];

	ASSERT_EQ(0, ask(self->edu0, &truth));
	ASSERT_EQ(DONE, run("info --json %s", self->edu0));
	ASSERT_TRUE(json_valid(last.out));
	EXPECT_EQ(truth.info.num_formats, json_count(last.out, "formats"));
	EXPECT_TRUE(json_is(last.out, "formats/0/name", "\"map-unmap\""));
	EXPECT_TRUE(json_is(last.out, "formats/0/user_table", "null"));
	for (__u32 i = 0; i < truth.info.num_formats; i++) {
		const struct iommu_format_info *format = &truth.formats[i];
		const char *entry;

		snprintf(path, sizeof(path), "formats/%u", i);
		entry = json_find(last.out, path);
		ASSERT_NE(NULL, entry);
		EXPECT_TRUE(is_number(entry, "format", format->format));
		EXPECT_TRUE(is_bool(entry, "hardware_nesting",
				    format->flags & IOMMU_FORMAT_HW_NESTING));
		EXPECT_TRUE(is_bool(entry, "software_nesting",
				    format->flags & IOMMU_FORMAT_SW_NESTING));
		EXPECT_TRUE(is_bool(entry, "noncoherent",
				    format->flags & IOMMU_FORMAT_NONCOHERENT));
		EXPECT_TRUE(is_bool(entry, "refused",
				    format->flags & IOMMU_FORMAT_REFUSED));
		EXPECT_TRUE(is_number(entry, "address_bits", format->addr_width));
		EXPECT_TRUE(is_number(entry, "pasid_bits", format->pasid_width));
		EXPECT_TRUE(are_page_sizes(entry, format->pgsizes));
		EXPECT_TRUE(is_number(entry, "data_bytes", format->data_len));
		EXPECT_TRUE(is_number(entry, "invalidate_type",
				      format->invalidate_type));
		EXPECT_TRUE(is_number(entry, "invalidate_bytes",
				      format->invalidate_len));
	}
}

TEST_F(iommuctl, info_has_the_hardware_that_the_kernel_says)
{
	struct truth truth;
	char path[32];

	ASSERT_EQ(0, ask(self->edu0, &truth));
	ASSERT_EQ(DONE, run("info --json %s", self->edu0));
	EXPECT_TRUE(is_number(last.out, "hardware/type",
			      truth.hw.out_data_type));
	EXPECT_TRUE(is_bool(last.out, "hardware/ats",
			    !(truth.hw.out_capabilities &
			      IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED)));
	EXPECT_EQ(truth.hw.data_len / 4, json_count(last.out, "hardware/data"));
	for (__u32 i = 0; i < truth.hw.data_len / 4; i++) {
		snprintf(path, sizeof(path), "hardware/data/%u", i);
		EXPECT_TRUE(is_hex(last.out, path, truth.hw_data[i]));
	}
}

/* Is there such a line? Blanks after the label do not count */
static bool has_line(const char *out, const char *label, const char *text)
{
	const char *line = out;

	while ((line = strstr(line, label))) {
		line += strlen(label);
		line += strspn(line, " ");
		if (!strncmp(line, text, strlen(text)) &&
		    line[strlen(text)] == '\n')
			return true;
	}
	printf("# there is no line \"%s %s\" in\n%s", label, text, out);
	return false;
}

TEST_F(iommuctl, info_in_words_has_units)
{
	struct truth truth;
	char text[64];

	ASSERT_EQ(0, ask(self->edu0, &truth));
	ASSERT_EQ(DONE, run("info %s", self->edu0));
	EXPECT_STREQ("", last.err);
	EXPECT_EQ(0, strncmp(last.out, self->edu0, strlen(self->edu0)));
	snprintf(text, sizeof(text), "%u bits", truth.info.out_addr_width);
	EXPECT_TRUE(has_line(last.out, "IOVA width", text));
	for (__u32 i = 0; i < truth.info.num_ranges; i++) {
		snprintf(text, sizeof(text), "0x%llx-0x%llx",
			 truth.ranges[i].start, truth.ranges[i].last);
		EXPECT_TRUE(has_line(last.out, i ? "\n" : "permitted IOVAs",
				     text));
	}
	if (truth.info.out_pgsizes == (1 << 12 | 1 << 21 | 1 << 30)) {
		EXPECT_TRUE(has_line(last.out, "page sizes",
				     "4 KiB, 2 MiB, 1 GiB"));
	} else if (truth.info.out_pgsizes == ~0xfffULL) {
		EXPECT_TRUE(has_line(last.out, "page sizes",
				     "4 KiB to 8 EiB"));
	} else {
		EXPECT_NE(NULL, strstr(last.out, " 4 KiB"));
	}
	EXPECT_TRUE(has_line(last.out, "tables",
			     "of the kernel, by map and unmap"));
}

TEST_F(iommuctl, info_knows_the_machine)
{
	ASSERT_EQ(DONE, run("info %s", self->edu0));
	if (is_machine("virt-smmuv3-nested")) {
		EXPECT_NE(NULL, strstr(last.out, "format arm-smmuv3 (2)\n"));
		EXPECT_TRUE(has_line(last.out, "coherency", ACCEPTED));
		EXPECT_TRUE(has_line(last.out, "stages", "1 and 2"));
	} else {
		EXPECT_EQ(NULL, strstr(last.out, "format arm-smmuv3"));
	}
	if (is_machine("q35-noiommu")) {
		EXPECT_TRUE(has_line(last.out, "protection",
				     "none: the device reaches all memory"));
	} else {
		EXPECT_EQ(NULL, strstr(last.out, "protection"));
	}
	if (is_machine("virt-smmuv3-s1"))
		EXPECT_TRUE(has_line(last.out, "stages", "1 only"));
	if (is_machine("virt-smmuv3-s2"))
		EXPECT_TRUE(has_line(last.out, "stages", "2 only"));
}

TEST_F(iommuctl, info_takes_other_names_of_a_device)
{
	ASSERT_EQ(DONE, run("info %s", self->edu0 + 5));
	ASSERT_EQ(DONE, run("info /sys/bus/pci/devices/%s/",
			    self->edu0));
	EXPECT_EQ(0, strncmp(last.out, self->edu0, strlen(self->edu0)));
}

/* It would tell the same otherwise, but of a device that nobody can use */
TEST_F(iommuctl, info_lets_go_of_the_device)
{
	struct truth truth;

	for (int i = 0; i < 3; i++)
		ASSERT_EQ(DONE, run("info %s", self->edu0));
	EXPECT_EQ(0, ask(self->edu0, &truth));
}

TEST_F(iommuctl, info_tells_if_a_device_is_in_use)
{
	int iommu = iommu_open(), device = vfio_open_cdev(self->edu0);

	ASSERT_EQ(0, bind_to(device, iommu));
	run("info %s", self->edu0);
	EXPECT_TRUE(failed_with("is in use"));
	/* The list needs nothing of the device */
	EXPECT_EQ(DONE, run("list"));
	EXPECT_NE(NULL, strstr(last.out, self->edu0));
	close(device);
	close(iommu);
}

TEST_F(iommuctl, info_tells_if_there_is_no_device)
{
	static const char *const names[] = {
		"0000:00:1f.9", "ffff:ff:1f.7", "..", "/", "/nowhere", "/sys/bus",
		"../devices",
	};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		run("info %s", names[i]);
		EXPECT_TRUE(failed_with("there is no device"));
	}
}

/* The commands that a message consists of, from its second line on */
static int do_what_is_said(char *message)
{
	char *line = strchr(message, '\n');
	int num = 0;

	while (line && !strncmp(line, "\n  ", 3)) {
		char *end = strchr(line + 1, '\n');

		if (end)
			*end = 0;
		if (system(line + 1))
			return -1;
		num++;
		if (end)
			*end = '\n';
		line = end;
	}
	return num;
}

TEST_F(iommuctl, info_tells_how_to_give_a_device_to_vfio)
{
	const char *bdf = self->edu1;
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver_override",
		 bdf);
	ASSERT_EQ(0, write_file(path, "\n"));
	ASSERT_EQ(0, write_file("/sys/bus/pci/drivers/vfio-pci/unbind", bdf));
	run("info %s", bdf);
	EXPECT_TRUE(failed_with("is not in VFIO's hands"));
	EXPECT_LE(2, do_what_is_said(last.err));
	EXPECT_EQ(DONE, run("info %s", bdf));
}

/*
 * negotiate
 */

/* What there is for a guest with an SMMUv3 */
static int answer_for_smmuv3(void)
{
	if (is_machine("virt-smmuv3-nested"))
		return HW_NESTING;
	return is_machine("q35-noiommu") ? REFUSED : SHADOWING;
}

static int answer_of_shadowing(void)
{
	return is_machine("q35-noiommu") ? REFUSED : SHADOWING;
}

static const char *const answers[] = {
	[HW_NESTING] = "hardware nesting\n",
	[SHADOWING] = "kernel-managed with software shadowing\n",
	[REFUSED] = "refused\n",
};

static bool answered(int answer)
{
	if (last.status == answer && !*last.err &&
	    !strncmp(last.out, answers[answer], strlen(answers[answer])))
		return true;
	printf("# status %d instead of %d: %s%s\n", last.status, answer,
	       last.out, last.err);
	return false;
}

TEST_F(iommuctl, negotiate_answers_by_machine)
{
	ASSERT_NE(NULL, getenv("MACHINE"));
	run("negotiate --format arm-smmuv3 --pgsize 4K,2M --iova 0x100000+1M %s",
	    self->edu0);
	EXPECT_TRUE(answered(answer_for_smmuv3()));
	run("negotiate --format 2 %s %s", self->edu0, self->edu1);
	EXPECT_TRUE(answered(answer_for_smmuv3()));
	/* No driver has these */
	run("negotiate --format vtd-s1 %s", self->edu0);
	EXPECT_TRUE(answered(answer_of_shadowing()));
	run("negotiate --format map-unmap %s", self->edu0);
	EXPECT_TRUE(answered(answer_of_shadowing()));
}

TEST_F(iommuctl, negotiate_tells_why)
{
	run("negotiate --format vtd-s1 %s", self->edu0);
	EXPECT_NE(NULL, strstr(last.out, "\nno hardware nesting: 0000:"));
	EXPECT_NE(NULL, strstr(last.out, self->edu0));
	if (is_machine("q35-noiommu")) {
		EXPECT_NE(NULL, strstr(last.out, ": has no IOMMU\n"));
	} else {
		EXPECT_NE(NULL, strstr(last.out,
				       ": cannot have tables in this format\n"));
	}
}

TEST_F(iommuctl, negotiate_refuses_what_does_not_fit)
{
	run("negotiate --format 2 --iova 0-0xffffffffffffffff %s",
	    self->edu0);
	EXPECT_TRUE(answered(REFUSED));
	run("negotiate --format 2 --pgsize 1K %s", self->edu0);
	EXPECT_TRUE(answered(REFUSED));
	run("negotiate --format 2 --memory 1T+8192T %s",
	    self->edu0);
	EXPECT_TRUE(answered(REFUSED));
	run("negotiate --format vtd-s1 --pasids 20 %s", self->edu0);
	EXPECT_TRUE(answered(REFUSED));
	EXPECT_NE(NULL, strstr(last.out, "\nno shadowing: "));
}

/* Accepted by the parameter of the machine's kernel, but not by this VMM */
TEST_F(iommuctl, negotiate_can_insist_on_coherency)
{
	run("negotiate --format arm-smmuv3 %s", self->edu0);
	EXPECT_EQ(is_machine("virt-smmuv3-nested"),
		  !!strstr(last.out, "\nnote: "));
	run("negotiate --coherent --format arm-smmuv3 %s", self->edu0);
	EXPECT_TRUE(answered(answer_of_shadowing()));
	EXPECT_EQ(NULL, strstr(last.out, "\nnote: "));
}

TEST_F(iommuctl, negotiate_as_json_has_the_same)
{
	static const char *const names[] = {
		"\"hardware-nesting\"", "\"software-shadowing\"", "\"refused\"",
	};
	int answer = answer_for_smmuv3();

	ASSERT_EQ(answer, run("negotiate --json --format 2 %s %s",
			      self->edu0, self->edu1));
	ASSERT_TRUE(json_valid(last.out));
	EXPECT_TRUE(json_is(last.out, "answer", names[answer]));
	EXPECT_TRUE(json_is(last.out, "devices/0", quoted(self->edu0)));
	EXPECT_TRUE(json_is(last.out, "devices/1", quoted(self->edu1)));
	EXPECT_TRUE(is_bool(last.out, "hardware_nesting/possible",
			    answer == HW_NESTING));
	EXPECT_TRUE(is_bool(last.out, "software_shadowing/possible",
			    answer != REFUSED));
	if (answer != HW_NESTING) {
		EXPECT_TRUE(json_is(last.out, "hardware_nesting/device",
				    quoted(self->edu0)));
		EXPECT_TRUE(json_is(last.out, "hardware_nesting/reason",
				    answer == REFUSED ? "\"no-iommu\"" :
				    "\"no-format\""));
	}
}

TEST_F(iommuctl, negotiate_without_an_answer_is_no_refusal)
{
	int iommu = iommu_open(), device = vfio_open_cdev(self->edu1);

	ASSERT_EQ(0, bind_to(device, iommu));
	run("negotiate --format 2 %s %s", self->edu0, self->edu1);
	EXPECT_TRUE(failed_with("is in use"));
	close(device);
	close(iommu);
	run("negotiate --format 2 %s %s", self->edu0, self->edu1);
	EXPECT_TRUE(answered(answer_for_smmuv3()));
}

/*
 * Mediated devices: none has an IOMMU, none needs one
 */

FIXTURE(mediated)
{
	struct mdev mdev;
	const char *name;
};

FIXTURE_SETUP(mediated)
{
	ASSERT_EQ(0, mdev_create(&self->mdev, "mdev_test", "mdev_test-pin", 1));
	self->name = strrchr(self->mdev.path, '/') + 1;
}

FIXTURE_TEARDOWN(mediated)
{
	EXPECT_EQ(0, mdev_remove(&self->mdev));
}

TEST_F(mediated, is_listed)
{
	const char *entry;

	ASSERT_EQ(DONE, run("list"));
	EXPECT_NE(NULL, strstr(last.out, self->name));
	EXPECT_NE(NULL, strstr(last.out, " emulated "));
	ASSERT_EQ(DONE, run("list --json"));
	ASSERT_TRUE(json_valid(last.out));
	entry = find_device(last.out, self->name);
	ASSERT_NE(NULL, entry);
	EXPECT_TRUE(is_bool(entry, "mediated", true));
	EXPECT_TRUE(json_is(entry, "iommu", "null"));
}

TEST_F(mediated, has_no_hardware)
{
	ASSERT_EQ(DONE, run("info %s", self->name));
	EXPECT_TRUE(has_line(last.out, "hardware",
			     "none: the device is emulated by its driver"));
	ASSERT_EQ(DONE, run("info --json %s", self->name));
	ASSERT_TRUE(json_valid(last.out));
	EXPECT_TRUE(json_is(last.out, "hardware", "null"));
	EXPECT_TRUE(json_is(last.out, "permitted_iovas",
			    "[\n    {\n      \"start\": \"0x0\",\n"
			    "      \"last\": \"0xffffffffffffffff\"\n    }\n  ]"));
}

TEST_F(mediated, is_shadowed_also_without_an_iommu)
{
	run("negotiate --format arm-smmuv3 %s", self->name);
	EXPECT_TRUE(answered(SHADOWING));
	/* In a mix the other device decides */
	run("negotiate --format arm-smmuv3 %s %s", self->name, getenv("EDU0"));
	EXPECT_TRUE(answered(answer_of_shadowing()));
}

/*
 * Usage
 */

TEST_F(iommuctl, help_tells_of_every_command)
{
	ASSERT_EQ(DONE, run("--help"));
	EXPECT_NE(NULL, strstr(last.out, "iommuctl list"));
	EXPECT_NE(NULL, strstr(last.out, "iommuctl info"));
	EXPECT_NE(NULL, strstr(last.out, "iommuctl negotiate"));
	EXPECT_STREQ("", last.err);
	EXPECT_EQ(DONE, run("info --help"));
	EXPECT_EQ(DONE, run("negotiate --help"));
}

TEST_F(iommuctl, wrong_usage_is_told)
{
	static const struct {
		const char *args, *message;
	} cases[] = {
		{ "", "no command" },
		{ "lost", "unknown command \"lost\"" },
		{ "list all", "\"all\" is too much" },
		{ "list --jason", "wrong option \"--jason\"" },
		{ "info", "name one device" },
		{ "info a b", "name one device" },
		{ "negotiate a", "--format is missing" },
		{ "negotiate --format", "no value for option" },
		{ "negotiate --format x a", "unknown format \"x\"" },
		{ "negotiate --format 4294967296 a", "unknown format" },
		{ "negotiate --format 2", "no device" },
		{ "negotiate --format 2 --pgsize 3K a", "no page sizes" },
		{ "negotiate --format 2 --pgsize 0 a", "no page sizes" },
		{ "negotiate --format 2 --pgsize 4K, a", "no page sizes" },
		{ "negotiate --format 2 --pgsize 4Kx a", "no page sizes" },
		{ "negotiate --format 2 --iova 1-0 a", "no range" },
		{ "negotiate --format 2 --iova 1 a", "no range" },
		{ "negotiate --format 2 --iova -1 a", "no range" },
		{ "negotiate --format 2 --iova 1+0 a", "no range" },
		{ "negotiate --format 2 --iova 0x-1 a", "no range" },
		{ "negotiate --format 2 --iova 1-2x a", "no range" },
		{ "negotiate --format 2 --iova 0xffffffffffffffff+2 a",
		  "no range" },
		{ "negotiate --format 2 --iova 0-0x10000000000000000 a",
		  "no range" },
		{ "negotiate --format 2 --memory 0+99999999T a", "no range" },
		{ "negotiate --format 2 --pasids 21 a", "no number" },
		{ "negotiate --format 2 --pasids x a", "no number" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		run("%s", cases[i].args);
		EXPECT_TRUE(failed_with(cases[i].message));
	}
	run("negotiate --format 2 %s %s", self->edu0, self->edu0);
	EXPECT_TRUE(failed_with("is named twice"));
}

TEST_F(iommuctl, lost_output_is_a_failure)
{
	EXPECT_EQ(FAILED << 8, system("iommuctl list >/dev/full 2>/dev/null"));
	EXPECT_EQ(FAILED << 8, system("iommuctl --help >/dev/full 2>/dev/null"));
}

TEST_HARNESS_MAIN
