// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of queues: objects that user space reads from a descriptor of their own.
 *
 * The file is a user of its queue, and holds the context; its release operation
 * gives both up. It has a number before the ioctl that makes the queue answers, but
 * is installed after that, when nothing can fail any more.
 */
#include <linux/anon_inodes.h>
#include <linux/file.h>
#include <linux/fs.h>

#include "iommufd_private.h"

/**
 * iommufd_queue_publish() - end the ioctl that makes a queue
 * @call: the ioctl
 * @cmd_len: size of its struct
 * @obj: the queue's object, complete but not published
 * @file_type: what its file is. private_data is the queue; or NULL for a file that
 *             user space never got, which has nothing to release
 * @out_id: member of the struct that tells the ID
 * @out_fd: member of the struct that tells the descriptor
 *
 * Return: 0, or an error: then the queue is still the caller's.
 */
int iommufd_queue_publish(struct iommufd_call *call, size_t cmd_len,
			  struct iommufd_object *obj,
			  const struct iommufd_queue_file *file_type,
			  __u32 *out_id, __u32 *out_fd)
{
	struct file *file;
	int rc, fd;

	fd = get_unused_fd_flags(O_CLOEXEC);
	if (fd < 0)
		return fd;
	file = anon_inode_getfile(file_type->name, file_type->fops, obj,
				  file_type->flags);
	if (IS_ERR(file)) {
		rc = PTR_ERR(file);
		goto err_fd;
	}
	*out_id = obj->id;
	*out_fd = fd;
	rc = iommufd_respond(call, cmd_len);
	if (rc)
		goto err_file;
	iommufd_object_use(call->ictx, obj);
	iommufd_ctx_get(call->ictx);
	iommufd_object_publish(call->ictx, obj);
	fd_install(fd, file);
	return 0;

err_file:
	/* It is released when the queue is gone */
	file->private_data = NULL;
	fput(file);
err_fd:
	put_unused_fd(fd);
	return rc;
}
