# Copyright: (c) 2026, scality.backbeat contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of module_utils/_engine/options.py: how a module reaches its endpoint."""

from __future__ import annotations


class ModuleDocFragment:
    """The connection options at the top level of a module."""

    DOCUMENTATION = r"""
options:
  endpoint_url:
    description:
      - URL of the service, such as V(http://node1) for S3 or V(http://node1:8600) for IAM.
      - Credentials in the URL are refused.
    type: str
    required: true
  profile:
    description:
      - Name of a profile in the AWS configuration files.
      - Without O(profile) and O(access_key), the environment (E(AWS_PROFILE), E(AWS_ACCESS_KEY_ID)) and the default
        profile are used, as the AWS command line does. Credentials of cloud instances are never requested.
    type: str
  access_key:
    description: Access key. Needs O(secret_key), and excludes O(profile).
    type: str
  secret_key:
    description: Secret key that belongs to O(access_key).
    type: str
  session_token:
    description: Session token of temporary credentials.
    type: str
  region:
    description: Region that requests are signed for.
    type: str
    default: us-east-1
  validate_certs:
    description: Whether the server's TLS certificate is verified.
    type: bool
    default: true
  aws_ca_bundle:
    description: File with the certificates of the authorities to trust instead of the system's.
    type: path
  aws_config:
    description:
      - Further settings of the client, as the parameters of botocore's C(Config), such as C(connect_timeout),
        C(read_timeout), C(proxies) or C(client_cert) (a file, or a list of the certificate's file and the key's).
      - Passwords in the URLs of proxies are hidden in results.
      - Timeouts are 10 seconds for connecting and 60 for reading unless set here.
    type: dict
  retry_timeout:
    description:
      - How many seconds to retry, for one item, while the server does not respond or asks to slow down.
      - Reads are repeated. After a write whose response was lost, the module checks whether the write happened before
        it writes again.
      - IAM may not return a new role or policy immediately. If one is not found when a policy is attached, the module
        retries for 5 seconds of this time.
      - V(0) tries once.
    type: float
    default: 60.0
notes:
  - The module needs to run where the endpoint can be reached, usually on the controller (C(connection=local) or
    C(delegate_to=localhost)).
requirements:
  - python >= 3.10
  - botocore >= 1.36.0, which boto3 brings
"""
