// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocations that fail (nomem.h): accesses of the kernel, and mediated devices.
 */
#include "nomem.h"

/* The mediated device is made once, and opened each time */
static int prepare_mdev(struct scene *s)
{
	int rc = prepare(s);

	if (!rc && !s->mdev.path[0])
		rc = mdev_create(&s->mdev, "mdev_test", "mdev_test-pin", 0);
	if (rc)
		return rc;
	s->mdev_fd = vfio_open_cdev(s->mdev.path);
	return s->mdev_fd < 0 ? s->mdev_fd : 0;
}

static int prepare_bound_mdev(struct scene *s)
{
	return prepare_mdev(s) ?: bind_to(s->mdev_fd, s->fd);
}

static int prepare_attached_mdev(struct scene *s)
{
	return prepare_bound_mdev(s) ?: attach(s->mdev_fd, s->ioas[0]);
}

static int prepare_pinning_mdev(struct scene *s)
{
	return prepare_attached_mdev(s) ?:
	       mdev_set(s->mdev_fd, MDEV_TEST_KEEP_PINS, 1) ?:
	       mdev_pin(s->mdev_fd, IOVA, 4 * s->page_size);
}

static int access_create(struct scene *s)
{
	s->access = mock_access(s->fd, s->ioas[0], MOCK_ACCESS_PINS);
	return s->access < 0 ? s->access : 0;
}

static int prepare_access(struct scene *s)
{
	return prepare(s) ?: access_create(s);
}

static int prepare_access_beside_device(struct scene *s)
{
	return prepare_access(s) ?: mock_device(s->fd, s->ioas[0], &s->dev);
}

/* Some pages of each mapping, so that they are pinned for two */
static int prepare_pins(struct scene *s)
{
	return prepare_access(s) ?:
	       mock_access_pin(s->fd, s->access, IOVA + s->page_size,
			       8 * s->page_size, s->memory + s->page_size, 0,
			       &s->item) ?:
	       mock_access_pin(s->fd, s->access, IOVA + s->length,
			       s->page_size, NULL, MOCK_ACCESS_WRITE, NULL);
}

static int prepare_pins_beside_device(struct scene *s)
{
	return prepare_pins(s) ?: mock_device(s->fd, s->ioas[0], &s->dev);
}

/* The device is at the copy */
static int prepare_pins_and_device(struct scene *s)
{
	return prepare_pins(s) ?: mock_device(s->fd, s->ioas[1], &s->dev);
}

static int prepare_pins_of_a_copy(struct scene *s)
{
	return prepare_pins_and_device(s) ?:
	       ioas_copy_fixed(s->fd, s->ioas[1], s->ioas[0], s->length / 2,
			       IOVA, IOVA);
}

static int do_access_create(struct scene *s)
{
	return access_create(s);
}

static int do_pin(struct scene *s)
{
	return mock_access_pin(s->fd, s->access, IOVA + 4 * s->page_size,
			       100 * s->page_size, s->memory + 4 * s->page_size,
			       0, NULL);
}

static int do_read(struct scene *s)
{
	return mock_access_rw(s->fd, s->access, IOVA + 1, s->buffer,
			      s->length / 2 - 1, 0);
}

static int do_write(struct scene *s)
{
	return mock_access_rw(s->fd, s->access, IOVA + 1, s->buffer,
			      s->length / 2 - 1, MOCK_ACCESS_WRITE);
}

static int do_access_replace(struct scene *s)
{
	return mock_access_replace(s->fd, s->access, s->ioas[1]);
}

static int do_access_detach(struct scene *s)
{
	return mock_access_replace(s->fd, s->access, 0);
}

static int do_unpin(struct scene *s)
{
	return mock_access_unpin(s->fd, s->access, s->item);
}

static int do_access_close(struct scene *s)
{
	int access = s->access;

	s->access = -1;
	return close(access) ? -errno : 0;
}

/* The life of an access, with what others do to its memory meanwhile */
static int do_access_life(struct scene *s)
{
	int access = mock_access(s->fd, s->ioas[0], MOCK_ACCESS_PINS);
	int rc;

	if (access < 0)
		return access;
	rc = mock_access_pin(s->fd, access, IOVA, 3 * s->page_size, s->memory,
			     0, NULL) ?:
	     mock_access_rw(s->fd, access, IOVA + 5, s->buffer, s->page_size,
			    0) ?:
	     ioas_copy_fixed(s->fd, s->ioas[1], s->ioas[0], 5 * s->page_size,
			     IOVA, IOVA) ?:
	     mock_access_replace(s->fd, access, s->ioas[1]);
	if (!rc)
		rc = mock_access_pin(s->fd, access, IOVA + s->page_size,
				     2 * s->page_size, s->memory + s->page_size,
				     MOCK_ACCESS_WRITE, NULL);
	close(access);
	/* as it was, to be done again; this never fails */
	return ioas_unmap_all(s->fd, s->ioas[1], NULL) ?: rc;
}

static int do_mdev_bind(struct scene *s)
{
	return bind_cookie(s->mdev_fd, s->fd, 0, NULL);
}

static int do_mdev_attach(struct scene *s)
{
	return attach(s->mdev_fd, s->ioas[0]);
}

static int do_mdev_replace(struct scene *s)
{
	return attach(s->mdev_fd, s->ioas[1]);
}

static int do_mdev_pin(struct scene *s)
{
	return mdev_pin(s->mdev_fd, IOVA, 4 * s->page_size);
}

static int do_mdev_write(struct scene *s)
{
	return mdev_command(s->mdev_fd, MDEV_TEST_WRITE, IOVA, s->page_size);
}

static int do_mdev_detach(struct scene *s)
{
	return detach(s->mdev_fd);
}

static int do_mdev_close(struct scene *s)
{
	int fd = s->mdev_fd;

	s->mdev_fd = -1;
	return close(fd) ? -errno : 0;
}

FIXTURE_VARIANT_ADD(nomem, mdev_bind)
{
	.prepare = prepare_mdev,
	.command = do_mdev_bind,
};

/* What these allocate is tried for a second time */
FIXTURE_VARIANT_ADD(nomem, mdev_attach)
{
	.prepare = prepare_bound_mdev,
	.command = do_mdev_attach,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, mdev_replace)
{
	.prepare = prepare_pinning_mdev,
	.command = do_mdev_replace,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, mdev_pin)
{
	.prepare = prepare_attached_mdev,
	.command = do_mdev_pin,
};

FIXTURE_VARIANT_ADD(nomem, mdev_write)
{
	.prepare = prepare_attached_mdev,
	.command = do_mdev_write,
};

FIXTURE_VARIANT_ADD(nomem, unmap_of_what_a_mdev_pins)
{
	.prepare = prepare_pinning_mdev,
	.command = do_unmap,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, mdev_detach)
{
	.prepare = prepare_pinning_mdev,
	.command = do_mdev_detach,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, mdev_close)
{
	.prepare = prepare_pinning_mdev,
	.command = do_mdev_close,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, access_create)
{
	.prepare = prepare,
	.command = do_access_create,
};

FIXTURE_VARIANT_ADD(nomem, pin)
{
	.prepare = prepare_access,
	.command = do_pin,
};

FIXTURE_VARIANT_ADD(nomem, pin_beside_a_device)
{
	.prepare = prepare_access_beside_device,
	.command = do_pin,
};

FIXTURE_VARIANT_ADD(nomem, pin_of_what_is_pinned)
{
	.prepare = prepare_pins,
	.command = do_pin,
};

FIXTURE_VARIANT_ADD(nomem, read)
{
	.prepare = prepare_access,
	.command = do_read,
};

FIXTURE_VARIANT_ADD(nomem, read_of_what_is_pinned)
{
	.prepare = prepare_pins_beside_device,
	.command = do_read,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, write)
{
	.prepare = prepare_access,
	.command = do_write,
};

/* Its only allocation is tried a second time */
FIXTURE_VARIANT_ADD(nomem, access_replace)
{
	.prepare = prepare_pins,
	.command = do_access_replace,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, attach_to_pinned_memory)
{
	.prepare = prepare_pins,
	.command = do_attach,
};

FIXTURE_VARIANT_ADD(nomem, copy_of_pinned_memory)
{
	.prepare = prepare_pins_and_device,
	.command = do_copy,
};

FIXTURE_VARIANT_ADD(nomem, access_life)
{
	.prepare = prepare,
	.command = do_access_life,
};

FIXTURE_VARIANT_ADD(nomem, unpin)
{
	.prepare = prepare_pins,
	.command = do_unpin,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, unpin_beside_a_device)
{
	.prepare = prepare_pins_beside_device,
	.command = do_unpin,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, unmap_of_pinned_memory)
{
	.prepare = prepare_pins,
	.command = do_unmap,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, unmap_of_pinned_memory_beside_a_device)
{
	.prepare = prepare_pins_beside_device,
	.command = do_unmap,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, unmap_of_pinned_memory_with_a_copy)
{
	.prepare = prepare_pins_of_a_copy,
	.command = do_unmap,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, destroy_device_of_a_copy_of_pinned_memory)
{
	.prepare = prepare_pins_of_a_copy,
	.command = do_destroy_device,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, access_detach)
{
	.prepare = prepare_pins_of_a_copy,
	.command = do_access_detach,
	.never_fails = true,
};

FIXTURE_VARIANT_ADD(nomem, access_close)
{
	.prepare = prepare_pins_of_a_copy,
	.command = do_access_close,
	.never_fails = true,
};

TEST_HARNESS_MAIN
